/**
 * How large a record of `requests` may be: what its owner makes of it (an event with the same terms, the Request's
 * state as JSON, an offer) must fit into records too. Where it did not, no owner of the partition could ever commit
 * again. So more is not appended by us, and not taken from anybody else.
 */
import type { Envelope } from "../../domain/kernel/envelope.ts";
import type { Messages, TopicName } from "../../domain/ports/event-log.ts";

/** Below `RECORD_BYTES_MAX` by more than what an owner adds. Sealed, an inline program takes 4/3 of its bytes. */
export const INPUT_BYTES_MAX = 900_000;
/** Of key and envelope together: ours have some 300. They stand in everything that follows from the record. */
export const INPUT_ENVELOPE_CHARACTERS_MAX = 4_096;
/** In JSON a byte takes six characters at most (a control character, which only a stranger writes): less always fits. */
const SURELY_FITS_BYTES = INPUT_BYTES_MAX / 6;

export type SizedRecord = {
  readonly key: string;
  readonly envelope: Envelope;
  readonly bodyBytes: number;
  /** What the body says. */
  readonly message: Messages[TopicName] | null;
};

/** In words how a record is too large for its topic; null: it is not. */
export function oversizeOf(topic: TopicName, record: SizedRecord): string | null {
  if (topic !== "requests") return null;
  const characters = record.key.length + charactersOf(record.envelope);
  if (characters > INPUT_ENVELOPE_CHARACTERS_MAX) {
    return `key and envelope of ${characters} characters; an owner takes ${INPUT_ENVELOPE_CHARACTERS_MAX} at most`;
  }
  const bytes = bytesOf(record);
  return bytes > INPUT_BYTES_MAX ? `${bytes} bytes; an owner takes ${INPUT_BYTES_MAX} at most` : null;
}

function charactersOf({ id, source, subject, correlationId, causationId }: Envelope): number {
  return (
    id.length + source.length + correlationId.length + (subject?.length ?? 0) + (causationId?.length ?? 0)
  );
}

/** As Avro or as JSON, whichever is more. */
function bytesOf({ bodyBytes, message }: SizedRecord): number {
  if (bodyBytes <= SURELY_FITS_BYTES || message === null) return bodyBytes;
  return Math.max(bodyBytes, new TextEncoder().encode(JSON.stringify(message)).length);
}
