/** One event into an open Request, in place. Never throws; an event that does not fit leaves it as it was. */
import type { Instant } from "../../domain/kernel/time.ts";
import type { Verdict } from "../../domain/policy/verdict.ts";
import type { CallEvent, RequestEvent } from "../../domain/request/events.ts";
import type { OpenCall, OpenRequest } from "./open-requests.ts";

export function foldRequest(request: OpenRequest, event: RequestEvent): void {
  switch (event.type) {
    case "PolicyRejected":
      finish(request, "rejected", event.at, "rejected");
      blame(request, event.verdicts, "refuse");
      return;
    case "RequestScheduled":
      request.status = "scheduled";
      request.dueAt = event.dueAt;
      blame(request, event.verdicts, "wait");
      return;
    case "RequestQueued":
      request.status = "queued";
      request.priority = event.priority;
      return;
    case "Dispatched":
      request.status = "dispatched";
      request.offers += 1;
      request.attempts = Math.max(request.attempts, event.attempt);
      request.lastCallId = event.offer;
      request.call = dispatchedCall(request, event);
      return;
    case "DispatchRejected":
      request.status = "queued";
      request.offersRejected += 1;
      request.reason = event.reason;
      return;
    case "Accepted":
      request.status = "accepted";
      if (request.call?.callId === event.offer) {
        request.call.acceptedAt = event.at;
        request.call.port = event.port;
      }
      return;
    case "RetryScheduled":
      request.status = "retry-scheduled";
      request.dueAt = event.dueAt;
      request.reason = event.why;
      return;
    case "RequestCompleted":
      finish(request, "completed", event.at, event.outcome);
      return;
    case "RequestFailed":
      finish(request, "failed", event.at, event.outcome);
      return;
    case "RequestExpired":
      finish(request, "expired", event.at, "expired");
      request.reason = event.reason;
      return;
    case "RequestCancelled":
      finish(request, "cancelled", event.at, "cancelled");
      return;
    case "SenderNotified":
      request.notices += 1;
      return;
    case "NotificationFailed":
      request.noticesFailed += 1;
      return;
    case "CallPlaced":
    case "CallRinging":
    case "CallAnswered":
    case "SessionStarted":
    case "CallCompleted":
    case "CallLost":
      if (request.call?.callId === event.offer) foldCall(request, request.call, event);
      return;
    case "RequestSetAside":
      request.reason = "set-aside";
      return;
    case "LineWaitEnded":
    case "RequestReceived":
    case "CancelRequested":
    case "InputCollected":
    case "TransferStarted":
    case "DataSubmitted":
    case "FactIgnored":
    case "InboundStarted":
    case "InboundEnded":
    case "IntakeRefused":
    case "CustomerErased":
    case "OwnershipTaken":
    case "RecordQuarantined":
      return;
    default:
      // A newer process may write what this one does not know: it stays in the log for the next rebuild.
      event satisfies never;
  }
}

function foldCall(request: OpenRequest, call: OpenCall, event: CallEvent): void {
  switch (event.type) {
    case "CallPlaced":
      request.status = "calling";
      call.invitedAt = event.at;
      call.sipCallId = event.sipCallId;
      call.trunk = event.trunk;
      return;
    case "CallRinging":
      call.ringingAt = call.ringingAt ?? event.at;
      return;
    case "CallAnswered":
      request.status = "in-call";
      call.answeredAt = event.at;
      call.answeredBy = event.answeredBy;
      return;
    case "CallCompleted":
      request.outcome = event.outcome;
      return;
    case "CallLost":
      request.outcome = "lost";
      return;
    case "SessionStarted":
    case "InputCollected":
    case "TransferStarted":
    case "DataSubmitted":
      return;
    default:
      event satisfies never;
  }
}

function dispatchedCall(
  request: OpenRequest,
  event: Extract<RequestEvent, { type: "Dispatched" }>,
): OpenCall {
  return {
    callId: event.offer,
    attempt: event.attempt,
    server: event.server,
    dueAt: request.dueAt,
    dispatchedAt: event.at,
    acceptedAt: null,
    port: 0,
    invitedAt: null,
    sipCallId: "",
    trunk: "",
    ringingAt: null,
    answeredAt: null,
    answeredBy: "unknown",
  };
}

function finish(request: OpenRequest, status: OpenRequest["status"], at: Instant, outcome: string): void {
  request.status = status;
  request.finishedAt = at;
  request.outcome = outcome;
}

/** The first verdict that said no, or wait: why the Request is where it is. */
function blame(request: OpenRequest, verdicts: readonly Verdict[], says: Verdict["says"]): void {
  const verdict = verdicts.find((one) => one.says === says);
  request.reason = verdict?.reason ?? request.reason;
  request.rule = verdict?.rule ?? request.rule;
}
