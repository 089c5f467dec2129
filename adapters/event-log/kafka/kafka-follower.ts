/** `follow`: every partition of a topic to one handler, batch after batch, from a position on to live. */
import type { Delivered, From, Subscription, TopicName } from "../../../domain/ports/event-log.ts";
import { FOLLOW_BATCH_MAX } from "../follower.ts";
import { type Reading, startSubscription } from "../subscription.ts";
import { type Bounds, type FetchedPart, LogGapError } from "./kafka-driver.ts";
import { toDelivered } from "./kafka-record.ts";
import { type KafkaWiring, untilAnswered } from "./kafka-wiring.ts";

type AllBounds = ReadonlyMap<number, Bounds>;

/** `onEnd` is called when the subscription is over, however it ended. */
export function startKafkaFollower<Topic extends TopicName>(
  wiring: KafkaWiring,
  topic: Topic,
  from: From,
  onRecords: (records: readonly Delivered<Topic>[]) => void | Promise<void>,
  onEnd: () => void,
): Subscription {
  const name = wiring.nameOf(topic);
  const reader = wiring.driver.openReader();

  async function handOver(
    part: FetchedPart,
    cursors: Map<number, number>,
    isStopped: () => boolean,
  ): Promise<void> {
    // An answer from before the connections were dropped: these records have been handed over.
    if (cursors.get(part.partition) !== part.from) return;
    for (let start = 0; start < part.records.length && !isStopped(); start += FOLLOW_BATCH_MAX) {
      const batch = part.records.slice(start, start + FOLLOW_BATCH_MAX);
      await onRecords(batch.map((record) => toDelivered(topic, part.partition, record, wiring.schemaIds)));
    }
    cursors.set(part.partition, part.next);
  }

  async function followOn({ isStopped, caughtUp }: Reading): Promise<void> {
    const bounds = await untilAnswered(isStopped, async () => {
      await wiring.guard.check(topic);
      return reader.bounds(name);
    });
    const cursors = startingCursors(name, from, bounds);
    const isCaughtUp = (): boolean =>
      [...bounds].every(([partition, { end }]) => (cursors.get(partition) ?? 0) >= end);
    while (!isStopped()) {
      if (isCaughtUp()) caughtUp();
      const parts = await untilAnswered(isStopped, () => reader.fetch(name, cursors));
      for (const part of parts) if (!isStopped()) await handOver(part, cursors, isStopped);
    }
  }

  /** Brokers that do not answer a question which nobody asks any more are nobody's concern. */
  async function read(reading: Reading): Promise<void> {
    try {
      await followOn(reading);
    } catch (error) {
      if (!reading.isStopped()) throw error;
    }
  }

  return startSubscription(topic, { read, release: () => reader.close() }, onEnd);
}

/** By partition. Throws `LogGapError` where records after the given offset are no longer kept. */
export function startingCursors(name: string, from: From, bounds: AllBounds): Map<number, number> {
  const cursors = new Map<number, number>();
  for (const [partition, { start, end }] of bounds) {
    if (from === "end") cursors.set(partition, end);
    else if (from === "start") cursors.set(partition, start);
    else
      cursors.set(
        partition,
        nextAfter(from.after.get(partition) ?? null, start, `${name}/${partition}`, partition),
      );
  }
  return cursors;
}

/**
 * Where to read on after `known`. Throws `LogGapError` when the log begins later than that: it would be repaired
 * silently by others, and whoever follows would never learn what it missed.
 */
export function nextAfter(known: number | null, start: number, where: string, partition: number): number {
  if (known === null) return start;
  // A transaction's end takes an offset of its own, which nobody knows: one may be missing.
  if (known + 2 >= start) return Math.max(known + 1, start);
  throw new LogGapError(
    `${where}: known up to ${known}, the log begins at ${start}; restore the missing part, or start this reader anew`,
    partition,
  );
}
