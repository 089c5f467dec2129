/** Entries as Kafka keeps them: key, Avro body, CloudEvents headers; and back. */
import type { Delivered, Entry, TopicName } from "../../../domain/ports/event-log.ts";
import { decode, encode } from "../../../schemas/codec.ts";
import { RECORD_BYTES_MAX, RecordTooLargeError } from "../stored-record.ts";
import type { FetchedRecord, OutgoingRecord } from "./kafka-driver.ts";

/**
 * On the last event and the last state record of a commit: up to which input the owner has accounted for. It
 * stands in the same transaction, so a restore knows the position exactly, without the price of Kafka's own
 * transactional offsets (12 ms a commit instead of 3).
 */
const HANDLED_HEADER = "reveille-handled-up-to";

/** Throws `UnencodableMessageError` and `RecordTooLargeError`. */
export function toOutgoing<Topic extends TopicName>(topic: Topic, entry: Entry<Topic>): OutgoingRecord {
  const { value, headers } = encode(topic, entry);
  if (value !== null && value.length > RECORD_BYTES_MAX) {
    throw new RecordTooLargeError(
      `${topic}: a ${entry.message?.type} of ${value.length} bytes; at most ${RECORD_BYTES_MAX} fit`,
    );
  }
  return { key: entry.key, value, headers };
}

export function toDelivered<Topic extends TopicName>(
  topic: Topic,
  partition: number,
  record: FetchedRecord,
): Delivered<Topic> {
  const { offset, key, appendedAt } = record;
  return { topic, partition, offset, key, appendedAt, ...decode(topic, record.value, record.headers) };
}

/** Adds the position to the last record, where there is one. */
export function withHandledUpTo(
  records: readonly OutgoingRecord[],
  handledUpTo: number | null,
): readonly OutgoingRecord[] {
  const last = records.at(-1);
  if (last === undefined || handledUpTo === null) return records;
  const headers = { ...last.headers, [HANDLED_HEADER]: String(handledUpTo) };
  return [...records.slice(0, -1), { ...last, headers }];
}

/** Null where the record does not carry it. */
export function handledUpToOf(record: FetchedRecord): number | null {
  return integerHeader(record, HANDLED_HEADER);
}

export function integerHeader(record: FetchedRecord, name: string): number | null {
  const text = textHeader(record, name);
  const value = text === null || text === "" ? Number.NaN : Number(text);
  return Number.isSafeInteger(value) ? value : null;
}

export function textHeader(record: FetchedRecord, name: string): string | null {
  const value = record.headers[name];
  if (value === undefined) return null;
  return typeof value === "string" ? value : Buffer.from(value).toString("utf8");
}

/** What one record costs in a batch, roughly and rather too much. */
export function sizeOf({ key, value, headers }: OutgoingRecord): number {
  let bytes = RECORD_OVERHEAD_BYTES + key.length + (value?.length ?? 0);
  for (const [name, text] of Object.entries(headers)) bytes += name.length + text.length + 4;
  return bytes;
}
const RECORD_OVERHEAD_BYTES = 32;

/** A batch that is sent at once; a topic takes batches of twice that (see topics.ts). */
export const SEND_BYTES_MAX = 1_100_000;
export const SEND_RECORDS_MAX = 1_000;

/** Records in order, in pieces that a broker takes at once; a piece has one record at least. */
export function inPieces(records: readonly OutgoingRecord[]): readonly (readonly OutgoingRecord[])[] {
  const pieces: OutgoingRecord[][] = [];
  let bytes = 0;
  for (const record of records) {
    const size = sizeOf(record);
    const piece = pieces.at(-1);
    if (piece !== undefined && piece.length < SEND_RECORDS_MAX && bytes + size <= SEND_BYTES_MAX) {
      piece.push(record);
      bytes += size;
    } else {
      pieces.push([record]);
      bytes = size;
    }
  }
  return pieces;
}
