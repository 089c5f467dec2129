/** A task from its changelog: state up to the own mark, the events it does not know yet, and where input goes on. */
import type { Task } from "../../../domain/ports/event-log.ts";
import { nextAfter } from "./kafka-follower.ts";
import { isMark } from "./kafka-mark.ts";
import { handledUpToOf, toDelivered } from "./kafka-record.ts";
import { readRange } from "./kafka-replay.ts";
import type { KafkaWiring } from "./kafka-wiring.ts";
import type { Takeover } from "./takeover.ts";

export type Restored = {
  /** First input to be handled. */
  readonly inputFrom: number;
  /** Last input that was accounted for; null: none, or nobody knows. */
  readonly handledUpTo: number | null;
};

/** Null when `isOver` said so on the way. Throws `LogGapError` where the log no longer has what the task needs. */
export async function restoreTask(
  wiring: KafkaWiring,
  place: { readonly group: string; readonly partition: number; readonly isOver: () => boolean },
  { mark, eventsMarkOffset }: Takeover,
  task: Task,
): Promise<Restored | null> {
  const { reader, nameOf } = wiring;
  const { group, partition, isOver } = place;
  let handledUpTo: number | null = null;
  const boundsOf = async (topic: string) =>
    (await reader.bounds(topic)).get(partition) ?? { start: 0, end: 0 };

  async function restoreState(): Promise<void> {
    const topic = nameOf("state");
    const { start } = await boundsOf(topic);
    // Up to the mark, wherever it stands: the end of a compacted log can't be reckoned from offsets.
    for await (const records of readRange(reader, { topic, partition }, { from: start, to: Infinity })) {
      for (const record of records) {
        if (isMark(record, mark)) return;
        handledUpTo = later(handledUpTo, handledUpToOf(record));
        task.restoreState(toDelivered("state", partition, record));
      }
      if (isOver()) return;
    }
  }

  async function restoreEvents(): Promise<void> {
    const topic = nameOf("events");
    const known = task.eventsKnownUpTo();
    if (known !== null && known >= eventsMarkOffset) return;
    const { start } = await boundsOf(topic);
    const from = nextAfter(known, start, `${topic}/${partition}`, partition);
    for await (const records of readRange(reader, { topic, partition }, { from, to: eventsMarkOffset })) {
      for (const record of records) {
        handledUpTo = later(handledUpTo, handledUpToOf(record));
        task.restoreEvent(toDelivered("events", partition, record));
      }
      if (isOver()) return;
    }
  }

  await restoreState();
  if (isOver()) return null;
  await restoreEvents();
  if (isOver()) return null;
  const topic = nameOf("requests");
  // Each is a proof that input up to there was accounted for; the group's alone may lag, or be reset by hand.
  const position = await reader.groupPosition(group, topic, partition);
  const committed = later(handledUpTo, position === null || position === 0 ? null : position - 1);
  const { start } = await boundsOf(topic);
  if (isOver()) return null;
  const resume = task.resumeAfter(committed);
  return { inputFrom: nextAfter(resume, start, `${topic}/${partition}`, partition), handledUpTo: committed };
}

/** The further of two positions; null is none. */
export function later(one: number | null, other: number | null): number | null {
  if (one === null || other === null) return one ?? other;
  return Math.max(one, other);
}
