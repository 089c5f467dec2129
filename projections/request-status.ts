/** Where a Request stands, folded from its events; never throws and ignores what does not fit. */
import type { RequestId } from "../domain/kernel/identifiers.ts";
import type { AttemptStatus, RequestStatus } from "../domain/ports/queries.ts";
import type { CallEvent, RequestEvent } from "../domain/request/events.ts";

/** As `RequestStatus`, with user data still sealed: whoever answers a Sender opens it. */
export type StatusView = Omit<RequestStatus, "userData"> & { readonly sealedUserData: string | null };

function attemptOf(event: CallEvent): AttemptStatus {
  return {
    attempt: event.attempt,
    server: event.server,
    placedAt: null,
    ringingAt: null,
    answeredAt: null,
    endedAt: null,
    outcome: null,
    sipCode: null,
    q850: null,
    talkMs: 0,
    inputs: 0,
  };
}

function foldAttempt(attempt: AttemptStatus, event: CallEvent): AttemptStatus {
  switch (event.type) {
    case "CallPlaced":
      return { ...attempt, placedAt: event.at };
    case "CallRinging":
      return { ...attempt, ringingAt: attempt.ringingAt ?? event.at };
    case "CallAnswered":
      return { ...attempt, answeredAt: event.at };
    case "InputCollected":
      return { ...attempt, inputs: attempt.inputs + 1 };
    case "CallCompleted":
      return {
        ...attempt,
        endedAt: event.at,
        outcome: event.outcome,
        sipCode: event.sipCode,
        q850: event.q850,
        talkMs: event.talkMs,
        inputs: event.inputs,
      };
    case "CallLost":
      return { ...attempt, endedAt: event.at, outcome: "lost" };
    default:
      return attempt;
  }
}

function withCall(view: StatusView, event: CallEvent, status: StatusView["status"]): StatusView {
  const known = view.attempts.find(({ attempt }) => attempt === event.attempt) ?? attemptOf(event);
  const others = view.attempts.filter(({ attempt }) => attempt !== event.attempt);
  return { ...view, status, attempts: [...others, foldAttempt(known, event)] };
}

function over(
  view: StatusView,
  event: RequestEvent,
  status: StatusView["status"],
  outcome: string,
): StatusView {
  return { ...view, status, final: true, finishedAt: event.at, outcome };
}

function foldKnown(view: StatusView, event: RequestEvent): StatusView {
  switch (event.type) {
    case "PolicyRejected": {
      const reason = event.verdicts.find(({ says }) => says === "refuse")?.reason ?? "rejected";
      return over(view, event, "rejected", reason);
    }
    case "RequestScheduled":
      return { ...view, status: "scheduled", dueAt: event.dueAt };
    case "RetryScheduled":
      return { ...view, status: "retry-scheduled", dueAt: event.dueAt };
    case "RequestQueued":
      return { ...view, status: "queued" };
    case "Dispatched":
      return { ...view, status: "dispatched" };
    case "Accepted":
      return { ...view, status: "accepted" };
    case "CallPlaced":
    case "CallRinging":
      return withCall(view, event, "calling");
    case "CallAnswered":
    case "SessionStarted":
    case "InputCollected":
    case "TransferStarted":
    case "DataSubmitted":
      return withCall(view, event, "in-call");
    case "CallCompleted":
    case "CallLost":
      return withCall(view, event, view.status);
    case "RequestCompleted":
      return over(view, event, "completed", event.outcome);
    case "RequestFailed":
      return over(view, event, "failed", event.outcome);
    case "RequestExpired":
      return over(view, event, "expired", event.reason);
    case "RequestCancelled":
      return over(view, event, "cancelled", "cancelled");
    default:
      return view;
  }
}

/** The view after an event with its sequence; null while the Request has not been received. */
export function foldStatus(
  view: StatusView | null,
  request: RequestId,
  event: RequestEvent,
  seq: number,
): StatusView | null {
  if (view === null) {
    if (event.type !== "RequestReceived") return null;
    return {
      requestId: request,
      sender: event.terms.sender,
      status: "received",
      final: false,
      receivedAt: event.at,
      dueAt: event.terms.notBefore,
      finishedAt: null,
      outcome: null,
      seq,
      attempts: [],
      sealedUserData: event.terms.userData,
    };
  }
  // A second record with a known number is a double of the first; the first one counts.
  if (seq <= view.seq) return view;
  return { ...foldKnown(view, event), seq };
}
