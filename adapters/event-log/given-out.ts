import type { Subscription, TopicName, Worker } from "../../domain/ports/event-log.ts";
import { RecordTooLargeError } from "./stored-record.ts";

/** Records of one append: it is one transaction, and everybody else waits for that. */
export const APPEND_RECORDS_MAX = 10_000;
/** Records in one batch of `read`. */
export const READ_BATCH_MAX = 500;

/** What a log has given out and must take back before it closes; the same for every log. */
export type GivenOut = {
  /** Throws where the log is closed, or the append too large. */
  requireAppend(topic: TopicName, count: number): void;
  /** `start` is told what to call when the thing has ended by itself. */
  subscription(start: (onEnd: () => void) => Subscription): Subscription;
  worker(start: (onEnd: () => void) => Worker): Worker;
  /** Stops all of it, workers first, then `release`; once, however often it is asked. */
  close(): Promise<void>;
};

export function createGivenOut(release: () => Promise<void>): GivenOut {
  const subscriptions = new Set<Subscription>();
  const workers = new Set<Worker>();
  let closed: Promise<void> | null = null;

  async function closeAll(): Promise<void> {
    await Promise.all([...workers].map((worker) => worker.stop()));
    await Promise.all([...subscriptions].map((subscription) => subscription.stop()));
    await release();
  }

  return {
    requireAppend(topic, count) {
      if (closed !== null)
        throw new Error(`log: an append to ${topic} after it was closed by its own process`);
      if (count > APPEND_RECORDS_MAX) {
        throw new RecordTooLargeError(
          `${topic}: an append of ${count} records; at most ${APPEND_RECORDS_MAX}, split it`,
        );
      }
    },
    subscription: (start) => keep(subscriptions, start),
    worker: (start) => keep(workers, start),
    close() {
      closed ??= closeAll();
      return closed;
    },
  };
}

function keep<Thing>(kept: Set<Thing>, start: (onEnd: () => void) => Thing): Thing {
  const thing: Thing = start(() => kept.delete(thing));
  kept.add(thing);
  return thing;
}
