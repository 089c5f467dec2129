/**
 * A record at rest in the embedded log: key, Avro body, and the envelope as a JSON array. Of the CloudEvents
 * headers only what the body's schema id and the key do not say already is kept, which halves a small event.
 */
import type { Envelope } from "../../domain/kernel/envelope.ts";
import type { StoredParts } from "../../domain/kernel/record-chain.ts";
import type { Instant } from "../../domain/kernel/time.ts";
import type { Delivered, Entry, TopicName } from "../../domain/ports/event-log.ts";
import { decodeBody, encodeBody } from "../../schemas/message-body.ts";
import { parseLink, proofOf } from "./chain.ts";
import { oversizeOf } from "./input-size.ts";
import { type PartitionCounts, partitionOf } from "./partitions.ts";

export type RecordToStore = {
  readonly topic: TopicName;
  readonly partition: number;
  readonly key: string;
  /** Null: a tombstone. */
  readonly value: Uint8Array | null;
  readonly envelope: string;
};

export type StoredRecord = {
  readonly offset: number;
  readonly appendedAt: Instant;
  readonly key: string;
  readonly value: Uint8Array | null;
  readonly envelope: string;
};

/** What Kafka takes in one message unless told otherwise: a record that fits here fits there. */
export const RECORD_BYTES_MAX = 1_000_000;

/** A record larger than any log of ours takes. Trying again can't help. */
export class RecordTooLargeError extends Error {
  readonly retryable = false;
  override readonly name = "RecordTooLargeError";
}

/** Throws `UnencodableMessageError` and `RecordTooLargeError`. */
export function toStore<Topic extends TopicName>(
  counts: PartitionCounts,
  topic: Topic,
  entry: Entry<Topic>,
): RecordToStore {
  const value = entry.message === null ? null : encodeBody(topic, entry.message);
  requireSize(topic, entry, value?.length ?? 0);
  const partition = partitionOf(counts, topic, entry.slot);
  return { topic, partition, key: entry.key, value, envelope: packEnvelope(entry.envelope) };
}

/** Throws `RecordTooLargeError` where a body of so many bytes is more than a log, or the topic's reader, takes. */
export function requireSize<Topic extends TopicName>(
  topic: Topic,
  { key, envelope, message }: Pick<Entry<Topic>, "key" | "envelope" | "message">,
  bodyBytes: number,
): void {
  const what = `${topic}: a ${message?.type ?? "tombstone"} of`;
  if (bodyBytes > RECORD_BYTES_MAX) {
    throw new RecordTooLargeError(`${what} ${bodyBytes} bytes; at most ${RECORD_BYTES_MAX} fit`);
  }
  const oversize = oversizeOf(topic, { key, envelope, message, bodyBytes });
  if (oversize !== null) throw new RecordTooLargeError(`${what} ${oversize}`);
}

export function toDelivered<Topic extends TopicName>(
  topic: Topic,
  partition: number,
  record: StoredRecord,
): Delivered<Topic> {
  const { offset, key, appendedAt, value } = record;
  const place = { topic, partition, offset, key, appendedAt };
  const envelope = unpackEnvelope(record.envelope);
  if (envelope === null) return { ...place, ok: false, reason: "the envelope can't be read" };
  const body = value === null ? EMPTY : decodeBody(topic, value);
  if (!body.ok) return { ...place, ok: false, reason: body.reason };
  const { message } = body;
  const oversize = oversizeOf(topic, { key, envelope, message, bodyBytes: value?.length ?? 0 });
  return oversize === null
    ? { ...place, ok: true, envelope, message }
    : { ...place, ok: false, reason: oversize };
}

const EMPTY = { ok: true, message: null } as const;

/** With what an auditor checks it by. */
export function toProven<Topic extends TopicName>(
  topic: Topic,
  partition: number,
  record: StoredRecord,
): Delivered<Topic> {
  return { ...toDelivered(topic, partition, record), proof: proofOf(partsOf(record), linkOf(record)) };
}

/**
 * The link of the chain stands behind the envelope's fields, as the only text there: what is hashed is the
 * envelope without it, to the byte.
 */
const LINKED_ENVELOPE = /,"([A-Za-z0-9_-]{43})"\]$/;

export function withLink(record: RecordToStore, link: string): RecordToStore {
  return { ...record, envelope: `${record.envelope.slice(0, -1)},"${link}"]` };
}

/** Null where the record holds none. */
export function linkOf({ envelope }: Pick<StoredRecord, "envelope">): Uint8Array | null {
  const [, link] = LINKED_ENVELOPE.exec(envelope) ?? [];
  return link === undefined ? null : parseLink(link);
}

/** What the record's digest is made of. */
export function partsOf({
  key,
  value,
  envelope,
}: Pick<StoredRecord, "key" | "value" | "envelope">): StoredParts {
  return { key, body: value, envelope: envelope.replace(LINKED_ENVELOPE, "]") };
}

/** Order is the format: fields are only ever added at the end. */
export function packEnvelope(envelope: Envelope): string {
  return JSON.stringify([
    envelope.id,
    envelope.source,
    envelope.subject,
    envelope.time,
    envelope.sequence,
    envelope.correlationId,
    envelope.causationId,
    envelope.causeOffset,
    envelope.ownerEpoch,
  ]);
}

type Packed = readonly [
  string,
  string,
  string | null,
  Instant,
  number | null,
  string,
  string | null,
  number | null,
  number | null,
];

/** Null where the text is no envelope: damage, or a hand that does not belong there. */
export function unpackEnvelope(text: string): Envelope | null {
  const packed = parseJson(text);
  if (!isPacked(packed)) return null;
  const [id, source, subject, time, sequence, correlationId, causationId, causeOffset, ownerEpoch] = packed;
  return { id, source, subject, time, sequence, correlationId, causationId, causeOffset, ownerEpoch };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** By hand, field by field: every record that is read comes by here. */
function isPacked(value: unknown): value is Packed {
  if (!Array.isArray(value)) return false;
  const [id, source, subject, time, sequence, correlationId, causationId, causeOffset, ownerEpoch] =
    value as readonly unknown[];
  return (
    typeof id === "string" &&
    typeof source === "string" &&
    isTextOrNull(subject) &&
    typeof time === "number" &&
    isNumberOrNull(sequence) &&
    typeof correlationId === "string" &&
    isTextOrNull(causationId) &&
    isNumberOrNull(causeOffset) &&
    isNumberOrNull(ownerEpoch)
  );
}

const isTextOrNull = (field: unknown): field is string | null => field === null || typeof field === "string";
const isNumberOrNull = (field: unknown): field is number | null =>
  field === null || typeof field === "number";
