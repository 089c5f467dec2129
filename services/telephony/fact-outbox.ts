/**
 * What a telephony server has to say, kept until the log has taken it. One append at a time, in the order in
 * which things happened; what arrives meanwhile goes with the next. A log that is down delays facts, never
 * loses or reorders them: calls in progress go on.
 */
import { type Milliseconds, milliseconds } from "../../domain/kernel/time.ts";
import type { Clock } from "../../domain/ports/clock.ts";
import type { Durable } from "../../domain/ports/durable.ts";
import type { Entry, EventLog } from "../../domain/ports/event-log.ts";
import type { OperatorLog } from "../../domain/ports/operator-log.ts";

/** Facts waiting above which the server takes no further calls. */
const BACKLOG_MAX = 10_000;
const BATCH_MAX = 500;
const RETRY_FIRST_MS = 50;
const RETRY_MAX_MS = 2_000;

type Waiting = { readonly entry: Entry<"requests">; readonly resolve: (durable: Durable) => void };

export type FactOutbox = {
  /** Resolves when the fact is durable; waits for as long as the log needs. */
  report(entry: Entry<"requests">): Promise<Durable>;
  isBacklogged(): boolean;
  /** Resolves when nothing waits, or after `patience`. Answers how many facts were left behind. */
  drain(patience: Milliseconds): Promise<number>;
};

export function createFactOutbox(ports: {
  readonly log: Pick<EventLog, "append">;
  readonly clock: Clock;
  readonly operatorLog: OperatorLog;
}): FactOutbox {
  const waiting: Waiting[] = [];
  const idle: (() => void)[] = [];
  let busy = false;

  async function flush(): Promise<void> {
    busy = true;
    let delay = RETRY_FIRST_MS;
    while (waiting.length > 0) {
      const batch = waiting.slice(0, BATCH_MAX);
      try {
        const { durable } = await ports.log.append(
          "requests",
          batch.map(({ entry }) => entry),
        );
        waiting.splice(0, batch.length);
        for (const { resolve } of batch) resolve(durable);
        delay = RETRY_FIRST_MS;
      } catch (error) {
        // An append that failed may still be in the log: the owner drops the double by offer and factSeq.
        ports.operatorLog.warn("facts wait for the log", { waiting: waiting.length, delay, error });
        await pause(delay);
        delay = Math.min(RETRY_MAX_MS, delay * 2);
      }
    }
    busy = false;
    for (const resolve of idle.splice(0)) resolve();
  }

  const pause = (delay: number): Promise<void> =>
    new Promise((resolve) => {
      ports.clock.schedule(milliseconds(delay), resolve);
    });

  return {
    report(entry) {
      const { promise, resolve } = Promise.withResolvers<Durable>();
      waiting.push({ entry, resolve });
      if (!busy) void flush();
      return promise;
    },
    isBacklogged: () => waiting.length > BACKLOG_MAX,
    async drain(patience) {
      if (busy) {
        const { promise, resolve } = Promise.withResolvers<void>();
        idle.push(resolve);
        const cancel = ports.clock.schedule(patience, resolve);
        await promise;
        cancel();
      }
      return waiting.length;
    },
  };
}
