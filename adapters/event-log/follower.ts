/** `follow`: every partition of a topic to one handler, batch after batch, from a position on to live. */
import { setImmediate } from "node:timers/promises";
import type { Delivered, From, Subscription, TopicName } from "../../domain/ports/event-log.ts";
import type { LogStore } from "./log-store.ts";
import { patiently } from "./patiently.ts";
import { toDelivered } from "./stored-record.ts";
import { type Reading, startSubscription } from "./subscription.ts";
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

  /** Hands over one batch; false when there is nothing below `end`. */
  async function handOver(partition: number, end: number, isStopped: () => boolean): Promise<boolean> {
    const cursor = cursors[partition] ?? 0;
    if (cursor >= end) return false;
    const range = { from: cursor, to: end, limit: FOLLOW_BATCH_MAX };
    const stored = await patiently(() => store.readBatch(topic, partition, range));
    if (isStopped()) return false;
    const last = stored.at(-1);
    // Compaction may have left nothing below the end.
    cursors[partition] = last === undefined ? end : last.offset + 1;
    if (last !== undefined) await onRecords(stored.map((record) => toDelivered(topic, partition, record)));
    return true;
  }

  async function drain({ isStopped, caughtUp }: Reading): Promise<void> {
    for (;;) {
      let more = false;
      const ends = await patiently(() => store.ends(topic));
      for (const [partition, end] of ends.entries()) {
        if (await handOver(partition, end, isStopped)) more = true;
        if (isStopped()) return;
      }
      if (targets.every((target, partition) => (cursors[partition] ?? 0) >= target)) caughtUp();
      if (!more || isStopped()) return;
      // A long replay must not keep timers and sockets waiting.
      await setImmediate();
    }
  }

  async function read(reading: Reading): Promise<void> {
    while (!reading.isStopped()) {
      await drain(reading);
      if (!reading.isStopped()) await waker.wait();
    }
  }

  return startSubscription(topic, { read, wake: waker.ring, release: silence }, onEnd);
}

function startingOffsets(from: From, ends: readonly number[]): number[] {
  if (from === "end") return [...ends];
  if (from === "start") return ends.map(() => 0);
  return ends.map((_, partition) => (from.after.get(partition) ?? -1) + 1);
}
