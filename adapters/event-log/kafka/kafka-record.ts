/** Entries as Kafka keeps them: key, Avro body, CloudEvents headers; and back. */
import type { StoredParts } from "../../../domain/kernel/record-chain.ts";
import type { Delivered, Entry, TopicName } from "../../../domain/ports/event-log.ts";
import { dataSchemaOf, readHeaders } from "../../../schemas/cloud-event-headers.ts";
import { decode, encode } from "../../../schemas/codec.ts";
import type { SchemaIds } from "../../../schemas/schema-ids.ts";
import { parseLink, proofOf } from "../chain.ts";
import { oversizeOf } from "../input-size.ts";
import { packEnvelope, requireSize } from "../stored-record.ts";
import type { FetchedRecord, OutgoingRecord } from "./kafka-driver.ts";

/**
 * On the last event and the last state record of a commit: up to which input the owner has accounted for. It
 * stands in the same transaction, so a restore knows the position exactly, without the price of Kafka's own
 * transactional offsets (12 ms a commit instead of 3).
 */
const HANDLED_HEADER = "reveille-handled-up-to";

/** The record's link in the chain of proofs. */
const CHAIN_HEADER = "ce_chain";

/** Throws `UnencodableMessageError` and `RecordTooLargeError`. */
export function toOutgoing<Topic extends TopicName>(
  topic: Topic,
  entry: Entry<Topic>,
  ids: SchemaIds,
): OutgoingRecord {
  const { value, headers } = encode(topic, entry, ids);
  requireSize(topic, entry, value?.length ?? 0);
  return { key: entry.key, value, headers };
}

export function toDelivered<Topic extends TopicName>(
  topic: Topic,
  partition: number,
  record: FetchedRecord,
  ids: SchemaIds,
): Delivered<Topic> {
  const { offset, key, appendedAt, value } = record;
  const place = { topic, partition, offset, key, appendedAt };
  const read = decode(topic, value, record.headers, ids);
  if (!read.ok) return { ...place, ...read };
  const oversize = oversizeOf(topic, { key, bodyBytes: value?.length ?? 0, ...read });
  return oversize === null ? { ...place, ...read } : { ...place, ok: false, reason: oversize };
}

/** With what an auditor checks it by. */
export function toProven<Topic extends TopicName>(
  topic: Topic,
  partition: number,
  record: FetchedRecord,
  ids: SchemaIds,
): Delivered<Topic> {
  const schema = dataSchemaOf(record.headers);
  const proof = { ...proofOf(partsOf(record), linkOf(record)), ...(schema === null ? {} : { schema }) };
  return { ...toDelivered(topic, partition, record, ids), proof };
}

export function withLink(record: OutgoingRecord, link: string): OutgoingRecord {
  return { ...record, headers: { ...record.headers, [CHAIN_HEADER]: link } };
}

/** Null where the record holds none. */
export function linkOf(record: Pick<FetchedRecord, "headers">): Uint8Array | null {
  return parseLink(textHeader(record, CHAIN_HEADER) ?? "");
}

/** What the record's digest is made of: the envelope as the embedded log would keep it. */
export function partsOf({ key, value, headers }: OutgoingRecord | FetchedRecord): StoredParts {
  const read = readHeaders(headers);
  return { key, body: value, envelope: read.ok ? packEnvelope(read.envelope) : "" };
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

function integerHeader(record: Pick<FetchedRecord, "headers">, name: string): number | null {
  const text = textHeader(record, name);
  const value = text === null || text === "" ? Number.NaN : Number(text);
  return Number.isSafeInteger(value) ? value : null;
}

export function textHeader(record: Pick<FetchedRecord, "headers">, name: string): string | null {
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
  if (records.length === 1) return [records];
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
