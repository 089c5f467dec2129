import { Worker } from "node:worker_threads";
import type { OperatorLog } from "../../../domain/ports/operator-log.ts";
import type { MediaPlane } from "../media-plane.ts";
import { MEDIA_COUNTERS, type MediaCounter } from "./media-counters.ts";
import { createMediaSession, type SessionOrder, type ThreadedMediaSession } from "./media-session.ts";
import { MediaOpenError } from "./media-sockets.ts";
import type { PortRange } from "./port-pool.ts";
import { newSessionStats } from "./session-stats.ts";
import type { FromThread, ThreadSetup, ToThread } from "./thread-messages.ts";

/** Calls of one media thread: what one core carries twice over (672 channels take about 40 % of it). */
const SESSIONS_MAX = 1_344;

export type MediaPlaneOptions = {
  readonly portRange: PortRange;
  readonly log: OperatorLog;
  /** Calls at once; 1,344 unless said. Each takes two sockets: mind the limit of open files. */
  readonly sessionsMax?: number;
};

export interface ThreadedMediaPlane extends MediaPlane {
  /** What was dropped and put right since the start, by name. */
  counters(): ReadonlyMap<MediaCounter, number>;
}

type Thread = {
  readonly worker: Worker;
  readonly sessions: Map<number, ThreadedMediaSession>;
  readonly opening: Map<number, Opening>;
};
type Opening = {
  readonly stats: Float64Array;
  readonly resolve: (session: ThreadedMediaSession) => void;
  readonly reject: (error: Error) => void;
};

/**
 * All media of a telephony server. Its thread starts with the first call. Should the thread die, its calls time out at
 * once, which ends them, and the next call gets a new thread.
 */
export function createMediaPlane(options: MediaPlaneOptions): ThreadedMediaPlane {
  const { portRange, log, sessionsMax = SESSIONS_MAX } = options;
  const figures = new Float64Array(
    new SharedArrayBuffer((1 + MEDIA_COUNTERS.length) * Float64Array.BYTES_PER_ELEMENT),
  );
  let thread: Thread | null = null;
  let numbers = 0;
  let closing: Promise<void> | null = null;

  function start(): Thread {
    const workerData: ThreadSetup = { portRange, figures };
    const worker = new Worker(new URL("./media-worker.ts", import.meta.url), { workerData, name: "media" });
    const started: Thread = { worker, sessions: new Map(), opening: new Map() };
    worker.on("message", (message: FromThread) => hear(started, message));
    worker.on("error", (error) => log.error("media thread failed", { error, calls: started.sessions.size }));
    worker.on("exit", () => bury(started));
    return started;
  }

  function bury(dead: Thread): void {
    if (thread === dead) thread = null;
    for (const session of dead.sessions.values()) session.lose();
    for (const { reject } of dead.opening.values()) {
      reject(new MediaOpenError("media: the media thread ended; try again", { retryable: true }));
    }
    dead.sessions.clear();
    dead.opening.clear();
  }

  function tell({ worker }: Thread, message: ToThread): void {
    // Nothing is moved: clips and figures are in shared memory.
    worker.postMessage(message, []);
  }

  function opened(from: Thread, number: number, localPort: number): void {
    const waiting = from.opening.get(number);
    if (waiting === undefined) return;
    from.opening.delete(number);
    const toSession = (order: SessionOrder): void => tell(from, { ...order, session: number });
    const session = createMediaSession({ localPort, stats: waiting.stats, tell: toSession });
    from.sessions.set(number, session);
    waiting.resolve(session);
  }

  function hear(from: Thread, message: FromThread): void {
    switch (message.type) {
      case "frames":
        for (const { session, samples, concealed } of message.frames) {
          from.sessions.get(session)?.hearFrame(samples, concealed);
        }
        return;
      case "opened":
        return opened(from, message.session, message.port);
      case "not-opened": {
        const waiting = from.opening.get(message.session);
        from.opening.delete(message.session);
        waiting?.reject(new MediaOpenError(message.message, { retryable: message.retryable }));
        return;
      }
      case "closed":
        from.sessions.get(message.session)?.hear(message);
        from.sessions.delete(message.session);
        return;
      case "digit":
      case "played":
      case "pressed":
      case "timed-out":
        from.sessions.get(message.session)?.hear(message);
    }
  }

  async function shutDown(last: Thread | null): Promise<void> {
    if (last === null) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    last.worker.once("exit", resolve);
    tell(last, { type: "shut-down" });
    await promise;
  }

  return {
    async open(localAddress) {
      if (closing !== null)
        throw new MediaOpenError("media: the media plane is closed", { retryable: false });
      thread ??= start();
      const { sessions, opening } = thread;
      if (sessions.size + opening.size >= sessionsMax) {
        throw new MediaOpenError(`media: ${sessionsMax} calls are open, no more fit`, { retryable: true });
      }
      numbers += 1;
      const stats = newSessionStats();
      const { promise, resolve, reject } = Promise.withResolvers<ThreadedMediaSession>();
      opening.set(numbers, { stats, resolve, reject });
      tell(thread, { type: "open", session: numbers, address: localAddress, stats });
      return await promise;
    },
    // The figure is made by packets that leave: without a call the last one would stay for ever.
    latenessMs: () => (thread === null || thread.sessions.size === 0 ? 0 : (figures[0] ?? 0)),
    counters: () => new Map(MEDIA_COUNTERS.map((name, index) => [name, figures[1 + index] ?? 0])),
    async close() {
      closing ??= shutDown(thread);
      await closing;
    },
  };
}
