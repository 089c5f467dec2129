/**
 * Worker threads that hold the dialogs. A script that no interrupt handler can stop (an `indexOf` of two long
 * strings has run for 90 s) blocks its worker; the pool sees the same step stand still in shared memory, ends
 * that thread, and rebuilds its dialogs in a new one by replaying their inputs. Media runs elsewhere, so the
 * neighbours' callers hear nothing of it. The guilty dialog is rebuilt too, with its fatal evaluation answered by
 * `error.semantic` instead of being run; the second time it is ended.
 */
import { Worker } from "node:worker_threads";
import { milliseconds } from "../../domain/kernel/time.ts";
import type { Clock } from "../../domain/ports/clock.ts";
import type { DialogStart } from "./dialog/dialog.ts";
import type { Effect, Input } from "./dialog/effects.ts";
import {
  type HostMessage,
  WATCH_EVALUATION,
  WATCH_SESSION,
  WATCH_SLOTS,
  WATCH_STEP,
  type WorkerMessage,
} from "./worker-messages.ts";

/** A step that has neither ended nor begun another evaluation after this long is stuck: an honest one has 50 ms each. */
const STUCK_MS = 1_000;
const WATCH_EVERY_MS = 100;

/** Inputs kept per dialog for its rebuilding: keys, fetches and timers of a long call. */
export const JOURNAL_INPUTS_MAX = 20_000;

/** A dialog that was in this many threads that died in nobody's step is taken for their death. */
const UNEXPLAINED_MAX = 3;

const RESOURCE_LIMITS = { stackSizeMb: 4, maxOldGenerationSizeMb: 128, maxYoungGenerationSizeMb: 8 };

export type DialogHandle = {
  send(input: Input): void;
  close(): void;
};

type DialogSink = {
  readonly onEffects: (effects: readonly Effect[]) => void;
  /** Its own script stopped its worker, or its journal is full: it can't go on. */
  readonly onLost: (event: string) => void;
};

export type WorkerPool = {
  start(): Promise<void>;
  open(start: DialogStart, seed: number, first: Input, sink: DialogSink): DialogHandle;
  stop(): Promise<void>;
  /** For tests and operators: threads that had to be ended. */
  kills(): number;
};

type Row = {
  readonly session: number;
  readonly start: DialogStart;
  readonly seed: number;
  readonly sink: DialogSink;
  readonly journal: Input[];
  answered: number;
  /** Threads that died around it, nobody being in a step. */
  unexplained: number;
  /** The evaluation that stopped a thread; null while none has. */
  refuse: number | null;
};

type Thread = {
  readonly worker: Worker;
  readonly watch: Int32Array;
  readonly rows: Map<number, Row>;
  readonly ready: Promise<void>;
  live: boolean;
  seen: { step: number; evaluation: number; since: number };
};

export function createWorkerPool(options: {
  readonly workers: number;
  readonly clock: Clock;
  /** What the threads run; tests give one that gets stuck. */
  readonly program?: URL;
}): WorkerPool {
  const program = options.program ?? new URL("worker.ts", import.meta.url);
  const threads: Thread[] = [];
  let lastSession = 0;
  let killCount = 0;
  let stopping = false;
  let cancelWatch: (() => void) | null = null;

  const replace = (thread: Thread, guilty: number): void => {
    const index = threads.indexOf(thread);
    if (index < 0 || stopping) return;
    killCount += 1;
    if (!thread.live) {
      // It died before it could work: another would too, and for ever.
      threads.splice(index, 1);
      for (const row of thread.rows.values()) row.sink.onLost("error.com.reveille.limit.worker");
      return;
    }
    const fresh = startThread(program, onGone);
    threads[index] = fresh;
    void thread.worker.terminate();
    for (const row of thread.rows.values()) {
      const isGuilty = row.session === guilty;
      if (guilty === 0) row.unexplained += 1;
      if (row.unexplained >= UNEXPLAINED_MAX || (isGuilty && row.refuse !== null))
        row.sink.onLost("error.com.reveille.limit.script");
      else {
        if (isGuilty) row.refuse = Atomics.load(thread.watch, WATCH_EVALUATION);
        adopt(fresh, row);
      }
    }
  };
  const onGone = (thread: Thread): void => {
    replace(thread, Atomics.load(thread.watch, WATCH_SESSION));
  };
  const look = (): void => {
    const now = options.clock.monotonic();
    for (const thread of threads.slice()) {
      const session = Atomics.load(thread.watch, WATCH_SESSION);
      const step = Atomics.load(thread.watch, WATCH_STEP);
      const evaluation = Atomics.load(thread.watch, WATCH_EVALUATION);
      const moved = step !== thread.seen.step || evaluation !== thread.seen.evaluation;
      if (session === 0 || moved) thread.seen = { step, evaluation, since: now };
      else if (now - thread.seen.since >= STUCK_MS) replace(thread, session);
    }
    cancelWatch = options.clock.schedule(milliseconds(WATCH_EVERY_MS), look);
  };
  return {
    async start() {
      for (let index = 0; index < options.workers; index += 1) threads.push(startThread(program, onGone));
      await Promise.all(threads.map((thread) => thread.ready));
      look();
    },
    open(start, seed, first, sink) {
      const thread = threads.toSorted((a, b) => a.rows.size - b.rows.size)[0];
      if (thread === undefined)
        throw new Error("voicexml: run was called before start; its caller must start it first");
      lastSession += 1;
      const row: Row = {
        session: lastSession,
        start,
        seed,
        sink,
        journal: [first],
        answered: 0,
        unexplained: 0,
        refuse: null,
      };
      adopt(thread, row);
      const holder = (): Thread | undefined => threads.find((candidate) => candidate.rows.has(row.session));
      return {
        send(input) {
          const current = holder();
          if (current === undefined) return;
          if (row.journal.length >= JOURNAL_INPUTS_MAX) {
            current.rows.delete(row.session);
            post(current, { type: "close", session: row.session });
            sink.onLost("error.com.reveille.limit.inputs");
            return;
          }
          row.journal.push(input);
          post(current, { type: "input", session: row.session, input });
        },
        close() {
          const current = holder();
          current?.rows.delete(row.session);
          if (current !== undefined) post(current, { type: "close", session: row.session });
        },
      };
    },
    async stop() {
      stopping = true;
      cancelWatch?.();
      await Promise.all(threads.splice(0).map((thread) => thread.worker.terminate()));
    },
    kills: () => killCount,
  };
}

function post(thread: Thread, message: HostMessage): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
  thread.worker.postMessage(message);
}

function adopt(thread: Thread, row: Row): void {
  thread.rows.set(row.session, row);
  const { session, start, seed, journal, answered } = row;
  post(thread, { type: "open", session, start, seed, journal, answered, refuse: row.refuse ?? 0 });
}

function startThread(program: URL, onGone: (thread: Thread) => void): Thread {
  const shared = new SharedArrayBuffer(WATCH_SLOTS * Int32Array.BYTES_PER_ELEMENT);
  const worker = new Worker(program, {
    workerData: { watch: shared },
    resourceLimits: RESOURCE_LIMITS,
  });
  const ready = Promise.withResolvers<void>();
  const thread: Thread = {
    worker,
    watch: new Int32Array(shared),
    rows: new Map(),
    ready: ready.promise,
    live: false,
    seen: { step: 0, evaluation: 0, since: 0 },
  };
  // Only `start` waits for it; a thread that replaces another reports its death by "error" alone.
  ready.promise.catch(() => undefined);
  worker.on("message", (message: WorkerMessage) => {
    if (message.type === "ready") {
      thread.live = true;
      ready.resolve();
      return;
    }
    const row = thread.rows.get(message.session);
    if (row === undefined) return;
    row.answered += 1;
    row.sink.onEffects(message.effects);
  });
  // Out of memory, or a fault of ours: its dialogs move on, except the one whose step it was.
  worker.on("error", (error) => {
    if (!thread.live) ready.reject(error);
    onGone(thread);
  });
  return thread;
}
