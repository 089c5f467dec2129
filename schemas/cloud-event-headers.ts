/**
 * The envelope as CloudEvents 1.0 attributes in Kafka's binary content mode: each is a header `ce_…`, the body is
 * the data alone. By hand: the attributes are fourteen strings, and an SDK would add nothing but their names.
 */
import type { Envelope } from "../domain/kernel/envelope.ts";
import { formatInstant, parseInstant } from "../domain/kernel/time.ts";

export type Headers = Readonly<Record<string, string>>;
/** As a Kafka client hands them over. */
export type ReadHeaders = Readonly<Record<string, string | Uint8Array | undefined>>;

/** What the attributes say beside the envelope. */
export type EventDescription = {
  /** `reveille.<topic>.<Record>`, or `reveille.<topic>.Tombstone`. */
  readonly type: string;
  /** Names subject and version of the body's schema; null for a tombstone, which has no body. */
  readonly dataSchema: string | null;
  readonly partitionKey: string;
};

const CONTENT_TYPE = "application/avro";
const SPEC_VERSION = "1.0";

export function writeHeaders(envelope: Envelope, description: EventDescription): Headers {
  const headers: Record<string, string> = {
    "content-type": CONTENT_TYPE,
    ce_specversion: SPEC_VERSION,
    ce_id: envelope.id,
    ce_source: envelope.source,
    ce_type: description.type,
    ce_time: formatInstant(envelope.time),
    ce_partitionkey: description.partitionKey,
    ce_correlationid: envelope.correlationId,
  };
  const optional = {
    ce_dataschema: description.dataSchema,
    ce_subject: envelope.subject,
    ce_sequence: envelope.sequence,
    ce_causationid: envelope.causationId,
    ce_causeoffset: envelope.causeOffset,
    ce_ownerepoch: envelope.ownerEpoch,
  };
  // An attribute without a value is left out: CloudEvents knows no null.
  for (const [name, value] of Object.entries(optional)) if (value !== null) headers[name] = String(value);
  return headers;
}

export type ReadEnvelope =
  | { readonly ok: true; readonly envelope: Envelope }
  | { readonly ok: false; readonly reason: string };

const INTEGER = /^-?[0-9]{1,16}$/;

/** How the record names its body's schema; null where it does not. */
export function dataSchemaOf(headers: ReadHeaders): string | null {
  return textOf(headers, "ce_dataschema");
}

function textOf(headers: ReadHeaders, name: string): string | null {
  const value = headers[name];
  if (value === undefined) return null;
  return typeof value === "string" ? value : Buffer.from(value).toString("utf8");
}

/** Never throws: a record whose headers can't be read is told apart by its reason. */
export function readHeaders(headers: ReadHeaders): ReadEnvelope {
  const text = (name: string): string | null => textOf(headers, name);
  const id = text("ce_id");
  const source = text("ce_source");
  const correlationId = text("ce_correlationid");
  if (text("ce_specversion") !== SPEC_VERSION) return { ok: false, reason: "not a CloudEvent 1.0" };
  if (id === null || source === null || correlationId === null) {
    return { ok: false, reason: "ce_id, ce_source or ce_correlationid is missing" };
  }
  const time = parseInstant(text("ce_time") ?? "");
  if (time === null) return { ok: false, reason: "ce_time is missing or no RFC 3339 date-time" };
  const [sequence, causeOffset, ownerEpoch] = ["ce_sequence", "ce_causeoffset", "ce_ownerepoch"].map((name) =>
    integer(text(name)),
  );
  if (sequence === undefined || causeOffset === undefined || ownerEpoch === undefined) {
    return { ok: false, reason: "ce_sequence, ce_causeoffset or ce_ownerepoch is no integer" };
  }
  const subject = text("ce_subject");
  const causationId = text("ce_causationid");
  return {
    ok: true,
    envelope: { id, source, subject, time, sequence, correlationId, causationId, causeOffset, ownerEpoch },
  };
}

/** Null where there is none, undefined where it is no safe integer. */
function integer(text: string | null): number | null | undefined {
  if (text === null) return null;
  const value = Number(text);
  return INTEGER.test(text) && Number.isSafeInteger(value) ? value : undefined;
}
