/**
 * What a row needs to know of earlier events: each Request from its receipt until a while after its end.
 *
 * Rows must depend on the events alone, so that a range of the log gives the same rows on every machine and after
 * every crash. The view is therefore a fold of one partition that begins at `openFrom`, the receipt of the oldest
 * Request that it holds: whoever starts there and folds up to a range knows exactly what was known the first time.
 * Finished Requests stay for a fixed stretch of the log, not of time, because notices arrive after the end and a
 * clock would make two runs differ. Reading the log from its start would be simpler, but it is kept for ever.
 */
import type { RequestId, SenderId } from "../../domain/kernel/identifiers.ts";
import type { Instant } from "../../domain/kernel/time.ts";
import type { RequestStatus } from "../../domain/ports/queries.ts";
import type { RequestReceived } from "../../domain/request/events.ts";
import type { AnsweredBy } from "../../domain/session/call-step.ts";

/** Events of its partition for which a finished Request is remembered; later notices go without its Sender's name. */
export const FINISHED_KEPT_EVENTS = 10_000;

export type OpenCall = {
  readonly callId: string;
  readonly attempt: number;
  readonly server: string;
  readonly dueAt: Instant;
  readonly dispatchedAt: Instant;
  acceptedAt: Instant | null;
  port: number;
  invitedAt: Instant | null;
  sipCallId: string;
  trunk: string;
  ringingAt: Instant | null;
  answeredAt: Instant | null;
  answeredBy: AnsweredBy;
};

export type OpenRequest = {
  readonly id: RequestId;
  readonly received: RequestReceived;
  /** Offset of its receipt. */
  readonly since: number;
  /** Position of the last event folded in. */
  seq: number;
  offset: number;
  status: RequestStatus["status"];
  finishedAt: Instant | null;
  dueAt: Instant;
  priority: number;
  attempts: number;
  offers: number;
  offersRejected: number;
  outcome: string;
  reason: string;
  rule: string;
  lastCallId: string;
  notices: number;
  noticesFailed: number;
  call: OpenCall | null;
};

export type OpenRequests = {
  /** By id, oldest receipt first: a Map keeps the order of insertion. */
  readonly byId: Map<string, OpenRequest>;
  /** Ended ones with the offset of their end, oldest first. */
  readonly finished: { readonly id: string; readonly endedAtOffset: number }[];
};

export function createOpenRequests(): OpenRequests {
  return { byId: new Map(), finished: [] };
}

/** Where a fold must begin to know what this one knows; null: nothing is open, begin anywhere. */
export function openFrom(open: OpenRequests): number | null {
  for (const request of open.byId.values()) return request.since;
  return null;
}

export function senderOf(open: OpenRequests, id: string | null): SenderId | null {
  return id === null ? null : (open.byId.get(id)?.received.terms.sender ?? null);
}

export function openRequest(
  open: OpenRequests,
  received: RequestReceived,
  at: { readonly id: RequestId; readonly seq: number; readonly offset: number },
): OpenRequest {
  const request: OpenRequest = {
    id: at.id,
    received,
    since: at.offset,
    seq: at.seq,
    offset: at.offset,
    status: "received",
    finishedAt: null,
    dueAt: received.terms.notBefore ?? received.at,
    priority: 0,
    attempts: 0,
    offers: 0,
    offersRejected: 0,
    outcome: "",
    reason: "",
    rule: "",
    lastCallId: "",
    notices: 0,
    noticesFailed: 0,
    call: null,
  };
  open.byId.set(at.id, request);
  return request;
}

/** Notes the end of a Request: from here its days in the view are counted. */
export function noteFinished(open: OpenRequests, request: OpenRequest, offset: number): void {
  open.finished.push({ id: request.id, endedAtOffset: offset });
}

/** Drops what ended more than `FINISHED_KEPT_EVENTS` before `offset`. */
export function forgetFinished(open: OpenRequests, offset: number): void {
  let gone = 0;
  for (const { id, endedAtOffset } of open.finished) {
    if (endedAtOffset + FINISHED_KEPT_EVENTS > offset) break;
    open.byId.delete(id);
    gone += 1;
  }
  if (gone > 0) open.finished.splice(0, gone);
}
