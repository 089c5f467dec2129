/** A task from its changelog: state up to the own mark, the events it does not know yet, and where input goes on. */
import type { Task } from "../../../domain/ports/event-log.ts";
import { type Chain, createChain, lookBackForChain } from "../chain.ts";
import type { FetchedRecord } from "./kafka-driver.ts";
import { nextAfter } from "./kafka-follower.ts";
import { isMark } from "./kafka-mark.ts";
import { handledUpToOf, linkOf, partsOf, toDelivered } from "./kafka-record.ts";
import { readRange } from "./kafka-replay.ts";
import type { KafkaWiring } from "./kafka-wiring.ts";
import type { Takeover } from "./takeover.ts";

type Restored = {
  readonly chain: Chain;
  /** Last input that was accounted for, for the task's `resumeAfter`; null: none, or nobody knows. */
  readonly committed: number | null;
  /** First input that the log still has. */
  readonly inputStart: number;
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
        task.restoreState(toDelivered("state", partition, record, wiring.schemaIds));
      }
      if (isOver()) return;
    }
  }

  async function walkEvents(from: number, pass: (record: FetchedRecord) => void): Promise<void> {
    const range = { from, to: eventsMarkOffset + 1 };
    for await (const records of readRange(reader, { topic: nameOf("events"), partition }, range)) {
      for (const record of records) pass(record);
      if (isOver()) return;
    }
  }

  /** From the last event that the task knows: it holds its link, from which the chain goes on. */
  async function restoreEvents(): Promise<Chain> {
    const topic = nameOf("events");
    const known = Math.min(task.eventsKnownUpTo() ?? -1, eventsMarkOffset);
    const { start } = await boundsOf(topic);
    // Throws where events that the task does not know are gone.
    nextAfter(known < 0 ? null : known, start, `${topic}/${partition}`, partition);
    const from = Math.max(known, start);
    const chain = createChain(from === start);
    await walkEvents(from, (record) => {
      chain.pass(linkOf(record), () => partsOf(record));
      if (record.offset <= known || record.offset >= eventsMarkOffset) return;
      handledUpTo = later(handledUpTo, handledUpToOf(record));
      task.restoreEvent(toDelivered("events", partition, record, wiring.schemaIds));
    });
    if (chain.isKnown() || isOver()) return chain;
    return lookBackForChain({ first: start, from }, (earlier, found) =>
      walkEvents(earlier, (record) => found.pass(linkOf(record), () => partsOf(record))),
    );
  }

  await restoreState();
  if (isOver()) return null;
  const chain = await restoreEvents();
  if (isOver()) return null;
  const topic = nameOf("requests");
  // Each is a proof that input up to there was accounted for; the group's alone may lag, or be reset by hand.
  const position = await reader.groupPosition(group, topic, partition);
  const committed = later(handledUpTo, position === null || position === 0 ? null : position - 1);
  const { start: inputStart } = await boundsOf(topic);
  return isOver() ? null : { chain, committed, inputStart };
}

/** The further of two positions; null is none. */
export function later(one: number | null, other: number | null): number | null {
  if (one === null || other === null) return one ?? other;
  return Math.max(one, other);
}
