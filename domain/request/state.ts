/**
 * One Request from receipt to its terminal event, as a fold of its events. Each phase has only the fields that
 * exist in it. `evolve` never throws: an event that does not fit (written by another version, or read twice)
 * leaves the state as it was.
 */
import type { OfferId, ServerId } from "../kernel/identifiers.ts";
import type { Instant } from "../kernel/time.ts";
import type { LostPhase } from "../session/call-step.ts";
import { usesAttempt } from "../session/outcome.ts";
import type { CallEvent, RequestEvent, RequestReceived, TerminalEvent } from "./events.ts";
import type { RequestTerms } from "./terms.ts";

type Known = {
  readonly terms: RequestTerms;
  readonly receivedAt: Instant;
  /** Calls that count against `terms.maxAttempts`. */
  readonly attemptsUsed: number;
  /** Calls granted so far; the number of the next one is one more. */
  readonly calls: number;
  /** Offers made so far: the number in the newest offer id. */
  readonly offers: number;
  /** Offers refused since the last call; bounded by N of L12. */
  readonly refusals: number;
  readonly cancelRequested: boolean;
};

/** It waits for a free line. */
export type QueuedPhase = Known & {
  readonly phase: "queued";
  readonly priority: number;
  readonly queuedAt: Instant;
};

/** An offer that a server holds or considers. */
export type OfferedPhase = Known & {
  readonly phase: "offered";
  readonly offer: OfferId;
  readonly attempt: number;
  readonly server: ServerId;
  readonly offeredAt: Instant;
  readonly expiresAt: Instant;
  readonly callBefore: Instant;
};

/** A call that its server was told to place, up to its end. */
export type CallingPhase = Known & {
  readonly phase: "calling";
  readonly offer: OfferId;
  readonly attempt: number;
  readonly server: ServerId;
  /** The server's run that places the call; absent in snapshots, and null in events, from before this was told. */
  readonly runStartedAt?: Instant | null;
  readonly grantedAt: Instant;
  readonly reached: LostPhase;
  /** Highest `factSeq` handled: a lower or equal one is a duplicate. */
  readonly factSeq: number;
};

export type RequestState =
  | { readonly phase: "none" }
  | (Known & { readonly phase: "received" })
  | (Known & { readonly phase: "scheduled"; readonly dueAt: Instant })
  | QueuedPhase
  | OfferedPhase
  | CallingPhase
  /** Some of its events are lost: nobody knows how far it had come, so nothing is done for it. */
  | (Known & { readonly phase: "set-aside" })
  /** Between the end of a call and what follows from it; never the last phase of a committed history. */
  | (Known & { readonly phase: "called"; readonly lastOutcome: string })
  | {
      readonly phase: "over";
      readonly terms: RequestTerms;
      readonly overAt: Instant;
      readonly how: TerminalEvent["type"];
    };

export const NO_REQUEST: RequestState = { phase: "none" };

function received(event: RequestReceived): RequestState {
  return {
    phase: "received",
    terms: event.terms,
    receivedAt: event.at,
    attemptsUsed: 0,
    calls: 0,
    offers: 0,
    refusals: 0,
    cancelRequested: false,
  };
}

function known(state: Exclude<RequestState, { phase: "none" | "over" }>): Known {
  const { terms, receivedAt, attemptsUsed, calls, offers, refusals, cancelRequested } = state;
  return { terms, receivedAt, attemptsUsed, calls, offers, refusals, cancelRequested };
}

function reachedBy(event: CallEvent, before: LostPhase): LostPhase {
  if (event.type === "CallPlaced") return "invited";
  if (event.type === "CallAnswered") return "answered";
  return before;
}

function called(state: CallingPhase, event: CallEvent): RequestState {
  if (event.offer !== state.offer) return state;
  switch (event.type) {
    case "CallCompleted":
      return {
        ...known(state),
        phase: "called",
        attemptsUsed: state.attemptsUsed + (usesAttempt(event.outcome) ? 1 : 0),
        lastOutcome: event.outcome,
      };
    case "CallLost":
      return {
        ...known(state),
        phase: "called",
        // Before an INVITE left nobody's telephone rang, so nothing was used up.
        attemptsUsed: state.attemptsUsed + (event.phase === "granted" ? 0 : 1),
        lastOutcome: "lost",
      };
    default:
      return {
        ...state,
        reached: reachedBy(event, state.reached),
        factSeq: Math.max(state.factSeq, event.factSeq),
      };
  }
}

/** Only its end, or the wish for it, means anything for a Request of which events are missing. */
function endsSetAside(event: RequestEvent): boolean {
  return event.type === "RequestCancelled" || event.type === "CancelRequested";
}

/** The state after `event`. */
export function evolve(state: RequestState, event: RequestEvent): RequestState {
  if (state.phase === "none") return event.type === "RequestReceived" ? received(event) : state;
  if (state.phase === "over") return state;
  if (state.phase === "set-aside" && !endsSetAside(event)) return state;
  switch (event.type) {
    case "PolicyRejected":
    case "RequestCompleted":
    case "RequestFailed":
    case "RequestExpired":
    case "RequestCancelled":
      return { phase: "over", terms: state.terms, overAt: event.at, how: event.type };
    case "RequestScheduled":
    case "RetryScheduled":
      return { ...known(state), phase: "scheduled", dueAt: event.dueAt };
    case "RequestQueued":
      return { ...known(state), phase: "queued", priority: event.priority, queuedAt: event.at };
    case "Dispatched":
      return {
        ...known(state),
        phase: "offered",
        offers: state.offers + 1,
        offer: event.offer,
        attempt: event.attempt,
        server: event.server,
        offeredAt: event.at,
        expiresAt: event.expiresAt,
        callBefore: event.callBefore,
      };
    case "DispatchRejected":
      if (state.phase !== "offered" || state.offer !== event.offer) return state;
      return { ...known(state), phase: "received", refusals: state.refusals + 1 };
    case "RequestSetAside":
      return { ...known(state), phase: "set-aside" };
    case "LineWaitEnded":
      return { ...known(state), phase: "received", refusals: state.refusals + 1 };
    case "Accepted":
      if (state.phase !== "offered" || state.offer !== event.offer) return state;
      return {
        ...known(state),
        phase: "calling",
        calls: event.attempt,
        refusals: 0,
        offer: event.offer,
        attempt: event.attempt,
        server: event.server,
        runStartedAt: event.runStartedAt,
        grantedAt: event.at,
        reached: "granted",
        factSeq: 0,
      };
    case "CancelRequested":
      return { ...state, cancelRequested: true };
    case "CallPlaced":
    case "CallRinging":
    case "CallAnswered":
    case "SessionStarted":
    case "InputCollected":
    case "TransferStarted":
    case "DataSubmitted":
    case "CallCompleted":
    case "CallLost":
      return state.phase === "calling" ? called(state, event) : state;
    default:
      return state;
  }
}
