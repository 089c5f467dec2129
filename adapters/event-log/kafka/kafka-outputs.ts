/** What a commit writes: encoded before anything is sent, then in one transaction. */
import type { Entry, Outputs } from "../../../domain/ports/event-log.ts";
import { partitionOf } from "../partitions.ts";
import type { OutgoingRecord, Send, TransactionalWriter } from "./kafka-driver.ts";
import { inPieces, toOutgoing, withHandledUpTo } from "./kafka-record.ts";
import type { KafkaWiring } from "./kafka-wiring.ts";

export type EncodedOutputs = {
  /** The owner's: of `events` and `state`. */
  readonly partition: number;
  readonly events: readonly OutgoingRecord[];
  readonly state: readonly OutgoingRecord[];
  readonly offers: ReadonlyMap<number, readonly OutgoingRecord[]>;
};

/** Throws where a record can't be encoded, or belongs to another owner. */
export function encodeOutputs(
  { counts, schemaIds }: Pick<KafkaWiring, "counts" | "schemaIds">,
  partition: number,
  outputs: Outputs,
): EncodedOutputs {
  function encodeOwn<Topic extends "events" | "state">(topic: Topic, entry: Entry<Topic>): OutgoingRecord {
    const found = partitionOf(counts, topic, entry.slot);
    if (found === partition) return toOutgoing(topic, entry, schemaIds);
    throw new Error(`${topic}: slot ${entry.slot} is partition ${found}, the owner has ${partition}`);
  }
  const offers = Map.groupBy(outputs.offers, ({ slot }) => partitionOf(counts, "offers", slot));
  return {
    partition,
    events: outputs.events.map((entry) => encodeOwn("events", entry)),
    state: outputs.state.map((entry) => encodeOwn("state", entry)),
    offers: new Map(
      [...offers].map(([to, entries]) => [
        to,
        entries.map((entry) => toOutgoing("offers", entry, schemaIds)),
      ]),
    ),
  };
}

export function isEmpty({ events, state, offers }: EncodedOutputs): boolean {
  return events.length === 0 && state.length === 0 && offers.size === 0;
}

/** One transaction, its partitions all at once. Offset of the newest event, null when there was none. */
export async function writeOutputs(
  writer: TransactionalWriter,
  { nameOf }: Pick<KafkaWiring, "nameOf">,
  { partition, events, state, offers }: EncodedOutputs,
  handledUpTo: number | null,
): Promise<number | null> {
  const writes = [
    { topic: nameOf("events"), partition, records: withHandledUpTo(events, handledUpTo) },
    { topic: nameOf("state"), partition, records: withHandledUpTo(state, handledUpTo) },
    ...[...offers].map(([to, records]) => ({ topic: nameOf("offers"), partition: to, records })),
  ];
  const [newest = null] = await writer.transact(
    writes.filter(({ records }) => records.length > 0),
    (send) =>
      Promise.all(writes.map(({ topic, partition: to, records }) => sendAll(send, topic, to, records))),
  );
  return newest;
}

/** Offset of the last record, null when there was none. */
async function sendAll(
  send: Send,
  topic: string,
  partition: number,
  records: readonly OutgoingRecord[],
): Promise<number | null> {
  let last: number | null = null;
  for (const piece of inPieces(records)) {
    const { firstOffset } = await send(topic, partition, piece);
    last = firstOffset + piece.length - 1;
  }
  return last;
}
