/**
 * One thread parses one mail at a time, against a deadline and within a heap of its own: a mail made to be slow
 * or large costs its sender an answer, and nobody else more than the wait. A thread that overran is ended and
 * replaced; nothing in it is worth keeping.
 */
import { Worker } from "node:worker_threads";
import type { OperatorLog } from "../../domain/ports/operator-log.ts";
import type { SmtpLimits } from "./limits.ts";
import type { ParsedMail, ParserJob, ParserWord } from "./parsed-mail.ts";

export type Parsing =
  | { readonly ok: true; readonly mail: ParsedMail }
  | { readonly ok: false; readonly reason: "unreadable" | "too-complex" | "overloaded" | "stopped" };

export interface MailParser {
  /** Never rejects. */
  parse(mail: Buffer): Promise<Parsing>;
  stop(): Promise<void>;
}

type Job = { readonly mail: Buffer; readonly done: (parsing: Parsing) => void };

// Run from its source, or built.
const WORKER = import.meta.url.endsWith(".ts")
  ? new URL("./mail-parser-worker.ts", import.meta.url)
  : new URL("./mail-parser-worker.js", import.meta.url);

/** The thread is up before the first mail comes. `script` is what it runs; only tests put another one there. */
export function createMailParser(limits: SmtpLimits, log: OperatorLog, script: URL = WORKER): MailParser {
  const waiting: Job[] = [];
  let current: Job | null = null;
  let number = 0;
  let deadline: NodeJS.Timeout | undefined;
  let stopped = false;
  let ready = false;
  let worker: Worker | null = startWorker();

  function startWorker(): Worker {
    ready = false;
    const thread = new Worker(script, { resourceLimits: { maxOldGenerationSizeMb: limits.parserHeapMb } });
    thread.on("message", (word: ParserWord) => {
      if (thread === worker) hear(word);
    });
    // Out of memory arrives as an error; an exit without one would be as bad. The second of them finds another worker.
    thread.on("error", (error) => gone(thread, error.message));
    thread.on("exit", () => gone(thread, "it ended"));
    return thread;
  }

  function hear(word: ParserWord): void {
    if (word.type === "ready") ready = true;
    else if (word.number === number) {
      finish(word.type === "parsed" ? { ok: true, mail: word.mail } : { ok: false, reason: "unreadable" });
    }
    next();
  }

  function finish(parsing: Parsing): void {
    clearTimeout(deadline);
    const job = current;
    current = null;
    job?.done(parsing);
  }

  function next(): void {
    if (!ready || current !== null || worker === null) return;
    const job = waiting.shift();
    if (job === undefined) return;
    current = job;
    number += 1;
    const thread = worker;
    deadline = setTimeout(() => gone(thread, "a mail took too long"), limits.parseTimeoutMs);
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
    thread.postMessage({ number, mail: new Uint8Array(job.mail) } satisfies ParserJob);
  }

  function gone(thread: Worker, why: string): void {
    if (thread !== worker || stopped) return;
    log.warn("smtp: the mail parser was replaced", { why });
    // One that never came up would not come up at once either: the next mail tries again.
    worker = ready ? startWorker() : null;
    void thread.terminate();
    finish({ ok: false, reason: "too-complex" });
    if (worker === null) refuseWaiting("overloaded");
  }

  function refuseWaiting(reason: "overloaded" | "stopped"): void {
    for (const job of waiting.splice(0)) job.done({ ok: false, reason });
  }

  return {
    parse(mail) {
      if (stopped) return Promise.resolve({ ok: false, reason: "stopped" });
      if (waiting.length >= limits.parseWaitingMax)
        return Promise.resolve({ ok: false, reason: "overloaded" });
      worker ??= startWorker();
      const { promise, resolve } = Promise.withResolvers<Parsing>();
      waiting.push({ mail, done: resolve });
      next();
      return promise;
    },
    async stop() {
      stopped = true;
      finish({ ok: false, reason: "stopped" });
      refuseWaiting("stopped");
      await worker?.terminate();
    },
  };
}
