/** Rows of the table `events`: every event for auditors, its personal fields sealed as they are in the log. */
import type { Envelope } from "../../domain/kernel/envelope.ts";
import type { SenderId } from "../../domain/kernel/identifiers.ts";
import type { Row } from "../../domain/ports/analytics.ts";
import type { Delivered, Position } from "../../domain/ports/event-log.ts";
import type { RequestEvent } from "../../domain/request/events.ts";

/** Characters of one field: an inline program or a long result is named by its length, and stays in the log. */
export const FIELD_CHARACTERS_MAX = 4_096;

export function eventRow(
  at: Position,
  envelope: Envelope,
  event: RequestEvent,
  sender: SenderId | null,
): Row {
  return {
    p: at.partition,
    o: at.offset,
    ts: event.at,
    type: event.type,
    request_id: envelope.subject ?? "",
    call_id: "offer" in event ? event.offer : "",
    seq: envelope.sequence ?? 0,
    cause_id: envelope.causationId ?? "",
    sender: sender ?? "",
    component: envelope.source,
    server: "server" in event ? event.server : "",
    payload: JSON.stringify(event, shortened),
  };
}

function shortened(_name: string, value: unknown): unknown {
  if (typeof value !== "string" || value.length <= FIELD_CHARACTERS_MAX) return value;
  return `(${value.length} characters, in the log)`;
}

/** What could not be read is shown too, by its place: an auditor must see that there is something. */
export function unreadableRow(record: Extract<Delivered<"events">, { ok: false }>): Row {
  return {
    p: record.partition,
    o: record.offset,
    ts: record.appendedAt,
    type: "(unreadable)",
    request_id: "",
    call_id: "",
    seq: 0,
    cause_id: "",
    sender: "",
    component: "",
    server: "",
    payload: JSON.stringify({ reason: record.reason }),
  };
}
