/** `follow`: every partition of a topic to one handler, batch after batch, from a position on to live. */
import { setImmediate } from "node:timers/promises";
import type { Delivered, From, Subscription, TopicName } from "../../domain/ports/event-log.ts";
import type { LogStore } from "./log-store.ts";
import { patiently } from "./patiently.ts";
import { toDelivered } from "./stored-record.ts";
import { createWaker } from "./waker.ts";

/** Records handed over at once: bounds what a handler holds, and how long a read keeps the event loop. */
export const FOLLOW_BATCH_MAX = 500;

/** `onEnd` is called when the subscription is over, however it ended. */
export function startFollower<Topic extends TopicName>(
  store: LogStore,
  topic: Topic,
  from: From,
  onRecords: (records: readonly Delivered<Topic>[]) => void | Promise<void>,
  onEnd: () => void,
): Subscription {
  const targets = store.ends(topic);
  const cursors = startingOffsets(from, targets);
  const waker = createWaker();
  const silence = store.onRecords({ topic, partition: null }, waker.ring);
  const caughtUp = Promise.withResolvers<void>();
  // Whoever does not wait for it must not be told of its failure twice: `ended` tells.
  caughtUp.promise.catch(() => undefined);
  let stopped = false;

  /** Hands over one batch; false when there is nothing below `end`. */
  async function handOver(partition: number, end: number): Promise<boolean> {
    const cursor = cursors[partition] ?? 0;
    if (cursor >= end) return false;
    const range = { from: cursor, to: end, limit: FOLLOW_BATCH_MAX };
    const stored = await patiently(() => store.readBatch(topic, partition, range));
    if (stopped) return false;
    const last = stored.at(-1);
    // Compaction may have left nothing below the end.
    cursors[partition] = last === undefined ? end : last.offset + 1;
    if (last !== undefined) await onRecords(stored.map((record) => toDelivered(topic, partition, record)));
    return true;
  }

  async function drain(): Promise<void> {
    for (;;) {
      let more = false;
      const ends = await patiently(() => store.ends(topic));
      for (const [partition, end] of ends.entries()) {
        if (await handOver(partition, end)) more = true;
        if (stopped) return;
      }
      if (targets.every((target, partition) => (cursors[partition] ?? 0) >= target)) caughtUp.resolve();
      if (!more || stopped) return;
      // A long replay must not keep timers and sockets waiting.
      await setImmediate();
    }
  }

  async function run(): Promise<void> {
    try {
      for (;;) {
        await drain();
        if (stopped) return;
        await waker.wait();
        if (stopped) return;
      }
    } finally {
      stopped = true;
      silence();
      caughtUp.reject(new Error(`the subscription to ${topic} ended before it had caught up`));
      onEnd();
    }
  }

  const ended = run();
  return {
    caughtUp: caughtUp.promise,
    ended,
    async stop() {
      stopped = true;
      waker.ring();
      // Its failure is `ended`'s to tell; stopping only waits until the handler is left in peace.
      await ended.catch(() => undefined);
    },
  };
}

function startingOffsets(from: From, ends: readonly number[]): number[] {
  if (from === "end") return [...ends];
  if (from === "start") return ends.map(() => 0);
  return ends.map((_, partition) => (from.after.get(partition) ?? -1) + 1);
}
