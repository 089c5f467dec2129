/**
 * A record at rest in the embedded log: key, Avro body, and the envelope as a JSON array. Of the CloudEvents
 * headers only what the body's schema id and the key do not say already is kept, which halves a small event.
 */
import type { Envelope } from "../../domain/kernel/envelope.ts";
import type { Instant } from "../../domain/kernel/time.ts";
import type { Delivered, Entry, Messages, TopicName } from "../../domain/ports/event-log.ts";
import { decodeBody, encodeBody } from "../../schemas/message-body.ts";
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
  if (value !== null && value.length > RECORD_BYTES_MAX) {
    throw new RecordTooLargeError(
      `${topic}: a ${entry.message?.type} of ${value.length} bytes; at most ${RECORD_BYTES_MAX} fit`,
    );
  }
  const partition = partitionOf(counts, topic, entry.slot);
  return { topic, partition, key: entry.key, value, envelope: packEnvelope(entry.envelope) };
}

export function toDelivered<Topic extends TopicName>(
  topic: Topic,
  partition: number,
  record: StoredRecord,
): Delivered<Topic> {
  const { offset, key, appendedAt } = record;
  return { topic, partition, offset, key, appendedAt, ...readStored(topic, record) };
}

type Readable<Topic extends TopicName> =
  | { readonly ok: true; readonly envelope: Envelope; readonly message: Messages[Topic] | null }
  | { readonly ok: false; readonly reason: string };

function readStored<Topic extends TopicName>(topic: Topic, record: StoredRecord): Readable<Topic> {
  const envelope = unpackEnvelope(record.envelope);
  if (envelope === null) return { ok: false, reason: "the envelope can't be read" };
  if (record.value === null) return { ok: true, envelope, message: null };
  const body = decodeBody(topic, record.value);
  return body.ok ? { ok: true, envelope, message: body.message } : body;
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

const PACKED_KINDS: readonly (readonly string[])[] = [
  ["string"],
  ["string"],
  ["string", "null"],
  ["number"],
  ["number", "null"],
  ["string"],
  ["string", "null"],
  ["number", "null"],
  ["number", "null"],
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

function isPacked(value: unknown): value is Packed {
  if (!Array.isArray(value)) return false;
  const fields: readonly unknown[] = value;
  return PACKED_KINDS.every((kinds, index) => {
    const field = fields[index];
    return kinds.includes(field === null ? "null" : typeof field);
  });
}
