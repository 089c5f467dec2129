/**
 * Turns a stretch of one partition of `events` into rows. The open Requests are folded on the way, in place, so
 * ranges of a partition must be taken in order, each exactly once in the life of a fold.
 */
import { parseRequestId } from "../../domain/kernel/identifiers.ts";
import type { Row } from "../../domain/ports/analytics.ts";
import type { Delivered } from "../../domain/ports/event-log.ts";
import { isTerminal, type RequestEvent } from "../../domain/request/events.ts";
import { callRow, type FinishedCall, inboundRow } from "./call-rows.ts";
import { eventRow, unreadableRow } from "./event-rows.ts";
import { foldRequest } from "./fold-request.ts";
import {
  forgetFinished,
  noteFinished,
  type OpenRequest,
  type OpenRequests,
  openRequest,
  senderOf,
} from "./open-requests.ts";
import { requestRow } from "./request-rows.ts";

export type RangeRows = {
  readonly calls: readonly Row[];
  readonly requests: readonly Row[];
  readonly events: readonly Row[];
};

export function rowsOfRange(open: OpenRequests, records: readonly Delivered<"events">[]): RangeRows {
  const calls: Row[] = [];
  const events: Row[] = [];
  const touched = new Map<string, OpenRequest>();
  for (const record of records) {
    const folded = foldRecord(open, record);
    if (folded === "repeated") continue;
    if (!record.ok) {
      events.push(unreadableRow(record));
      continue;
    }
    if (record.message === null) continue;
    events.push(eventRow(record, record.envelope, record.message, senderOf(open, record.envelope.subject)));
    if (record.message.type === "InboundEnded") calls.push(inboundRow(record.message, record));
    if (folded === null) continue;
    touched.set(folded.id, folded);
    const call = folded.call;
    if (isFinishedCall(record.message) && call?.callId === record.message.offer)
      calls.push(callRow(folded, call, record.message, record));
  }
  // Of a Request that changed several times within the range only the newest state is written.
  return {
    calls,
    requests: [...touched.values()].map((one) => requestRow(one, partitionOf(records))),
    events,
  };
}

/** Folds without writing: a restart goes over what was already written, to know what was known. */
export function restoreOpenRequests(open: OpenRequests, records: readonly Delivered<"events">[]): void {
  for (const record of records) foldRecord(open, record);
}

/** The Request that the record changed; null where it is about none that is known. */
function foldRecord(open: OpenRequests, record: Delivered<"events">): OpenRequest | null | "repeated" {
  forgetFinished(open, record.offset);
  if (!record.ok || record.message === null) return null;
  const { subject, sequence } = record.envelope;
  const id = subject === null ? null : parseRequestId(subject);
  if (id === null || sequence === null) return null;
  const known = open.byId.get(id);
  if (known === undefined) {
    if (record.message.type !== "RequestReceived") return null;
    return openRequest(open, record.message, { id, seq: sequence, offset: record.offset });
  }
  // The log may hold an event twice after a torn commit: of two with one sequence the first one counts.
  if (sequence <= known.seq) return "repeated";
  known.seq = sequence;
  known.offset = record.offset;
  foldRequest(known, record.message);
  if (isTerminal(record.message)) noteFinished(open, known, record.offset);
  return known;
}

function isFinishedCall(event: RequestEvent): event is FinishedCall {
  return event.type === "CallCompleted" || event.type === "CallLost";
}

function partitionOf(records: readonly Delivered<"events">[]): number {
  return records[0]?.partition ?? 0;
}
