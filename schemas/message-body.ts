/**
 * The body of a record, in the wire format of Confluent's registry: a zero byte, the schema's id as a
 * big-endian int32, then Avro. It is decoded with the schema it was written with, and resolved into today's.
 */
import type { Messages, TopicName } from "../domain/ports/event-log.ts";
import { houseCatalogue, type RecordReading, type RecordSchema } from "./catalogue.ts";
import { recordNameOf } from "./record-names.ts";
import { LOCK_IDS, type SchemaIds } from "./schema-ids.ts";

export type Decoded<Message> =
  | { readonly ok: true; readonly message: Message; readonly schema: RecordSchema }
  | { readonly ok: false; readonly reason: string };

/** A message that does not fit its schema: a fault of the program that made it. Trying again can't help. */
export class UnencodableMessageError extends Error {
  readonly retryable = false;
  override readonly name = "UnencodableMessageError";
}

const MAGIC = 0;
const PREFIX_BYTES = 5;
const CALL_REPORTED = "CallReported";

export function schemaOf(topic: TopicName, message: Messages[TopicName]): RecordSchema {
  const record = recordNameOf(message);
  const schema = houseCatalogue().written(topic, record);
  if (schema === undefined) throw new UnencodableMessageError(`${topic}: no schema for a record "${record}"`);
  return schema;
}

/** Throws `UnencodableMessageError` where a field is missing or of another type; names the field, not its value. */
export function encodeBody(
  topic: TopicName,
  message: Messages[TopicName],
  ids: SchemaIds = LOCK_IDS,
): Buffer {
  const schema = schemaOf(topic, message);
  const id = ids.idOf(schema);
  try {
    const avro = schema.type.toBuffer(message);
    const body = Buffer.allocUnsafe(PREFIX_BYTES + avro.length);
    body.writeUInt8(MAGIC, 0);
    body.writeInt32BE(id, 1);
    avro.copy(body, PREFIX_BYTES);
    return body;
  } catch {
    // The cause holds the value that did not fit, which may be personal: only the place is told.
    throw new UnencodableMessageError(`${schema.subject} v${schema.version}: ${misfit(schema, message)}`);
  }
}

function misfit(schema: RecordSchema, message: unknown): string {
  const places: string[] = [];
  const errorHook = (path: readonly string[]): void => {
    places.push(path.join("."));
  };
  if (schema.type.isValid(message, { errorHook })) return "a number in it is out of range";
  return `${places.join(", ")} missing or not of the schema's type`;
}

/** The id before the body; null where there is none. */
export function schemaIdOf(body: Uint8Array): number | null {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  return bytes.length < PREFIX_BYTES || bytes[0] !== MAGIC ? null : bytes.readInt32BE(1);
}

/**
 * Never throws: whatever can't be read has a reason, and its partition goes on. `urn` is how the record itself
 * names its schema, null where it does not: it counts more than the id, which is another's number for it and
 * would be wrong after the registry was introduced, left out or made anew.
 */
export function decodeBody<Topic extends TopicName>(
  topic: Topic,
  body: Uint8Array,
  urn: string | null = null,
  ids: SchemaIds = LOCK_IDS,
): Decoded<Messages[Topic]> {
  const id = schemaIdOf(body);
  if (id === null) return unreadable("no schema id before the body");
  const named = urn === null ? undefined : houseCatalogue().named(urn);
  const reading = named ?? ids.reading(id);
  if (reading === undefined) return unreadable(`schema id ${id} is unknown here`);
  if (reading.writer.topic !== topic) {
    return unreadable(`schema id ${id} is ${reading.writer.subject}, not of this topic`);
  }
  return decodeAvro(
    reading,
    Buffer.from(body.buffer, body.byteOffset, body.byteLength).subarray(PREFIX_BYTES),
  );
}

function decodeAvro<Message>(reading: RecordReading, avro: Buffer): Decoded<Message> {
  const { reader, writer, resolver } = reading;
  try {
    const value = (
      resolver === null ? reader.type.fromBuffer(avro) : reader.type.fromBuffer(avro, resolver)
    ) as object;
    return { ok: true, message: toMessage(reader.record, value) as Message, schema: reader };
  } catch {
    // avsc's message may quote bytes of the body; that the schema does not fit is all that may be told.
    return unreadable(`the body does not fit ${writer.subject} v${writer.version}`);
  }
}

function unreadable(reason: string): { readonly ok: false; readonly reason: string } {
  return { ok: false, reason };
}

/** The record as the domain writes it: the record's name becomes the discriminator again. */
function toMessage(record: string, value: object): object {
  if (record.startsWith(CALL_REPORTED)) {
    const { step, ...rest } = value as { readonly step: object };
    return { type: CALL_REPORTED, ...rest, step: { type: record.slice(CALL_REPORTED.length), ...step } };
  }
  if (record === "SenderRegistered") return { type: record, ...withCredentials(value) };
  return { type: record, ...value };
}

/** A credential has one proof out of three: Avro keeps the other two as null, the domain leaves them out. */
function withCredentials(value: object): object {
  const { credentials } = value as { readonly credentials: readonly object[] };
  const present = credentials.map((credential) =>
    Object.fromEntries(Object.entries(credential).filter(([, field]) => field !== null)),
  );
  return { ...value, credentials: present };
}
