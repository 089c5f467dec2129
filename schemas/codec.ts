/** Records as they travel: Avro body and CloudEvents headers, the same on every log that has headers. */
import type { Envelope } from "../domain/kernel/envelope.ts";
import type { Entry, Messages, TopicName } from "../domain/ports/event-log.ts";
import {
  dataSchemaOf,
  type Headers,
  type ReadHeaders,
  readHeaders,
  writeHeaders,
} from "./cloud-event-headers.ts";
import { decodeBody, encodeBody, schemaOf } from "./message-body.ts";
import { fullNameOf } from "./schema-files.ts";
import { LOCK_IDS, type SchemaIds } from "./schema-ids.ts";

export type EncodedRecord = { readonly value: Buffer | null; readonly headers: Headers };

export type DecodedRecord<Topic extends TopicName> =
  | { readonly ok: true; readonly envelope: Envelope; readonly message: Messages[Topic] | null }
  | { readonly ok: false; readonly reason: string };

/** Throws `UnencodableMessageError` where the message does not fit its schema. A tombstone has no value. */
export function encode<Topic extends TopicName>(
  topic: Topic,
  entry: Pick<Entry<Topic>, "key" | "envelope" | "message">,
  ids: SchemaIds = LOCK_IDS,
): EncodedRecord {
  const { envelope, message } = entry;
  const partitionKey = entry.key;
  if (message === null) {
    const type = fullNameOf(topic, "Tombstone");
    return { value: null, headers: writeHeaders(envelope, { type, dataSchema: null, partitionKey }) };
  }
  const schema = schemaOf(topic, message);
  const type = fullNameOf(topic, schema.record);
  return {
    value: encodeBody(topic, message, ids),
    headers: writeHeaders(envelope, { type, dataSchema: schema.urn, partitionKey }),
  };
}

/** Never throws: what can't be read is a reason, so that it can't stop its partition. */
export function decode<Topic extends TopicName>(
  topic: Topic,
  value: Uint8Array | null,
  headers: ReadHeaders,
  ids: SchemaIds = LOCK_IDS,
): DecodedRecord<Topic> {
  const read = readHeaders(headers);
  if (!read.ok) return read;
  if (value === null) return { ok: true, envelope: read.envelope, message: null };
  const body = decodeBody(topic, value, dataSchemaOf(headers), ids);
  return body.ok ? { ok: true, envelope: read.envelope, message: body.message } : body;
}
