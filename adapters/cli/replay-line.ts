/** A record of `events` as an auditor reads it: one line for people, or one JSON object for programs. */
import { formatInstant } from "../../domain/kernel/time.ts";
import type { Delivered } from "../../domain/ports/event-log.ts";
import type { RequestEvent } from "../../domain/request/events.ts";
import { eventLine } from "./event-line.ts";

const DATE_LENGTH = 10;
const PLACE_WIDTH = 9;

/** `event` is the record's message, or what was opened of it; null where it can't be read. */
export function replayLine(record: Delivered<"events">, event: RequestEvent | null): string {
  const place = `${record.partition}:${record.offset}`.padEnd(PLACE_WIDTH);
  if (!record.ok) return `${place}  ${formatInstant(record.appendedAt)}  (unreadable: ${record.reason})`;
  if (event === null) return `${place}  ${formatInstant(record.appendedAt)}  (tombstone of ${record.key})`;
  const { envelope } = record;
  const day = formatInstant(event.at).slice(0, DATE_LENGTH);
  const number = envelope.sequence === null ? "" : ` #${envelope.sequence}`;
  const about = envelope.subject ?? record.key;
  const cause =
    envelope.causationId === null
      ? "by its own time"
      : `caused by ${envelope.causationId}${envelope.causeOffset === null ? "" : ` at ${record.partition}:${envelope.causeOffset}`}`;
  return `${place}  ${day} ${eventLine(event)}\n${" ".repeat(PLACE_WIDTH)}  ${about}${number}, ${envelope.source}, ${cause}`;
}

export function replayJson(record: Delivered<"events">, event: RequestEvent | null): string {
  const { partition, offset, key, appendedAt, proof } = record;
  return JSON.stringify({
    partition,
    offset,
    appendedAt: formatInstant(appendedAt),
    key,
    ...(record.ok ? { envelope: record.envelope, event } : { unreadable: record.reason }),
    ...(proof === undefined ? {} : { digest: proof.digest, link: proof.chain }),
  });
}
