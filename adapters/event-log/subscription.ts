import type { Subscription, TopicName } from "../../domain/ports/event-log.ts";

/** What a log's own way of reading is told, and what it tells. */
export type Reading = {
  readonly isStopped: () => boolean;
  /** The records that existed at the start have been handed over; told as often as it likes. */
  readonly caughtUp: () => void;
};

/** How one log reads for one subscription. */
export type Source = {
  /** Hands records over until it is stopped; what it throws ends the subscription. */
  read(reading: Reading): Promise<void>;
  /** Makes a `read` that waits look whether it is stopped. */
  wake?(): void;
  /** After `read`, however that ended. */
  release(): Promise<void> | void;
};

/** Starts reading at once. `onEnd` is called when the subscription is over, however it ended. */
export function startSubscription(topic: TopicName, source: Source, onEnd: () => void): Subscription {
  const caughtUp = Promise.withResolvers<void>();
  // Whoever does not wait for it must not be told of its failure twice: `ended` tells.
  caughtUp.promise.catch(() => undefined);
  let stopped = false;

  async function run(): Promise<void> {
    try {
      await source.read({ isStopped: () => stopped, caughtUp: caughtUp.resolve });
    } finally {
      stopped = true;
      caughtUp.reject(new Error(`the subscription to ${topic} ended before it had caught up`));
      await source.release();
      onEnd();
    }
  }

  const ended = run();
  return {
    caughtUp: caughtUp.promise,
    ended,
    async stop() {
      stopped = true;
      source.wake?.();
      // Its failure is `ended`'s to tell; stopping only waits until the handler is left in peace.
      await ended.catch(() => undefined);
    },
  };
}
