/** Rows of the table `calls`: one per finished call, written on the event that finished it (N05–N07, I17). */
import { type Instant, latest } from "../../domain/kernel/time.ts";
import type { Row } from "../../domain/ports/analytics.ts";
import type { Position } from "../../domain/ports/event-log.ts";
import type { InboundReported } from "../../domain/request/commands.ts";
import type { CallEvent } from "../../domain/request/events.ts";
import type { DocumentSource } from "../../domain/request/terms.ts";
import type { CallCompleted, CallLost } from "../../domain/session/call-step.ts";
import type { OpenCall, OpenRequest } from "./open-requests.ts";

/** A call that its server saw through, or that nobody did. */
export type FinishedCall = CallEvent & (CallCompleted | CallLost);

export function callRow(request: OpenRequest, call: OpenCall, event: FinishedCall, at: Position): Row {
  const { terms } = request.received;
  return {
    call_id: call.callId,
    request_id: request.id,
    attempt: call.attempt,
    sender: terms.sender,
    application: applicationOf(terms.document),
    service: terms.serviceLevel,
    bulkiness: terms.bulkiness,
    direction: "outbound",
    server: call.server,
    port: call.port,
    trunk: call.trunk,
    sip_call_id: call.sipCallId,
    customer: terms.customer,
    customer_prefix: terms.prefix,
    received_at: request.received.at,
    due_at: call.dueAt,
    dispatched_at: call.dispatchedAt,
    queue_ms: between(latest(call.dueAt, request.received.at), call.dispatchedAt),
    answered_by: call.answeredBy,
    ...(event.type === "CallCompleted" ? completed(event) : lost(call, event)),
    v: request.seq,
    p: at.partition,
    o: at.offset,
  };
}

function completed(event: CallCompleted): Row {
  const { invitedAt, ringingAt, answeredAt } = event;
  return {
    port_seized_at: event.portSeizedAt,
    invite_at: invitedAt ?? 0,
    ringing_at: ringingAt ?? 0,
    answered_at: answeredAt ?? 0,
    ended_at: event.at,
    port_released_at: event.portReleasedAt,
    outcome: event.outcome,
    hangup_by: event.endedBy,
    sip_code: event.sipCode ?? 0,
    q850: event.q850 ?? 0,
    reason: event.localCause ?? "",
    app_result: event.dialogResult ?? "none",
    app_event: event.dialogEvent ?? "",
    pdd_ms: between(invitedAt, ringingAt),
    ring_ms: between(ringingAt, answeredAt ?? event.at),
    talk_ms: event.talkMs,
    inputs: event.inputs,
    noinputs: event.noInputs,
    nomatches: event.noMatches,
    first_prompt_ms: event.firstPromptMs ?? 0,
    participated_ms: event.participatedMs,
    rtp_received: event.rtpReceived,
    rtp_concealed: event.rtpConcealed,
    jitter_ms: event.jitterMs,
  };
}

// Nobody saw the end: what was seen before it stays, and nothing is billed for talk that nobody measured.
function lost(call: OpenCall, event: CallLost): Row {
  return {
    port_seized_at: call.acceptedAt ?? 0,
    invite_at: call.invitedAt ?? 0,
    ringing_at: call.ringingAt ?? 0,
    answered_at: call.answeredAt ?? 0,
    ended_at: event.at,
    port_released_at: call.acceptedAt === null ? 0 : event.at,
    outcome: "lost",
    hangup_by: "unknown",
    sip_code: 0,
    q850: 0,
    reason: `${event.phase}/${event.how}`,
    app_result: "none",
    app_event: "",
    pdd_ms: between(call.invitedAt, call.ringingAt),
    ring_ms: between(call.ringingAt, call.answeredAt),
    talk_ms: 0,
    ...NOTHING_HEARD,
  };
}

const NOTHING_HEARD: Row = {
  inputs: 0,
  noinputs: 0,
  nomatches: 0,
  first_prompt_ms: 0,
  participated_ms: 0,
  rtp_received: 0,
  rtp_concealed: 0,
  jitter_ms: 0,
};

/** An incoming call belongs to no Request, but it took a port: utilisation counts it. */
export function inboundRow(event: Extract<InboundReported, { type: "InboundEnded" }>, at: Position): Row {
  return {
    call_id: event.inboundId,
    request_id: "",
    attempt: 0,
    sender: "",
    application: "",
    service: "basic",
    bulkiness: "solitary",
    direction: "inbound",
    server: event.server,
    port: event.port,
    trunk: "",
    sip_call_id: "",
    customer: event.customer,
    customer_prefix: "",
    received_at: event.startedAt,
    due_at: event.startedAt,
    dispatched_at: event.startedAt,
    queue_ms: 0,
    answered_by: "unknown",
    port_seized_at: event.startedAt,
    invite_at: event.startedAt,
    ringing_at: 0,
    answered_at: event.startedAt,
    ended_at: event.at,
    port_released_at: event.at,
    outcome: "completed",
    hangup_by: event.endedBy,
    sip_code: 0,
    q850: 0,
    reason: "",
    app_result: "none",
    app_event: "",
    pdd_ms: 0,
    ring_ms: 0,
    talk_ms: between(event.startedAt, event.at),
    ...NOTHING_HEARD,
    v: 1,
    p: at.partition,
    o: at.offset,
  };
}

/** Names the program without what a URL may carry of persons: query, fragment and user info are cut off. */
export function applicationOf(document: DocumentSource): string {
  if (document.kind === "inline") return `inline:${document.sha256.slice(0, 16)}`;
  return document.url.replace(/[?#].*$/s, "").replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/@]*@/i, "$1");
}

/** Milliseconds from one to the other; 0 where either did not happen, or the clocks disagree. */
function between(from: Instant | null, to: Instant | null): number {
  return from === null || to === null ? 0 : Math.max(0, to - from);
}
