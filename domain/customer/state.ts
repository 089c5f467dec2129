/**
 * What one partition knows of one Customer: calls placed lately, who is on the line now, and which Requests and
 * messages have been seen. One writer sees everything about one Customer in one order, so all of it is exact:
 * nobody is called twice at once, a volume limit is never exceeded, a replayed message never calls (I3, I13).
 */
import type { RequestId } from "../kernel/identifiers.ts";
import type { Instant } from "../kernel/time.ts";
import type { RequestEvent } from "../request/events.ts";

/** Call instants kept per Customer, newest last. */
export const CALLS_KEPT_MAX = 32;
/** Idempotency keys stay bound this long. */
export const SEEN_FOR_MS = 7 * 86_400_000;
/** Messages remembered per Customer; the oldest go first. */
export const SEEN_MAX = 1_000;

type SeenMessage = { readonly digest: string; readonly requestId: RequestId; readonly until: Instant };

export type CustomerState = {
  readonly calls: readonly Instant[];
  /** Offers and incoming calls that hold this Customer's line, or may. */
  readonly busyWith: readonly string[];
  readonly seen: readonly SeenMessage[];
};

export const UNKNOWN_CUSTOMER: CustomerState = { calls: [], busyWith: [], seen: [] };

function busy(state: CustomerState, with_: string): CustomerState {
  return state.busyWith.includes(with_) ? state : { ...state, busyWith: [...state.busyWith, with_] };
}

function free(state: CustomerState, from: string): CustomerState {
  if (!state.busyWith.includes(from)) return state;
  return { ...state, busyWith: state.busyWith.filter((held) => held !== from) };
}

function freeOfRequest(state: CustomerState, request: RequestId): CustomerState {
  if (!state.busyWith.some((held) => held.startsWith(`${request}#`))) return state;
  return { ...state, busyWith: state.busyWith.filter((held) => !held.startsWith(`${request}#`)) };
}

function remember(state: CustomerState, digest: string, requestId: RequestId, now: Instant): CustomerState {
  const until = (now + SEEN_FOR_MS) as Instant;
  const kept = state.seen.filter((message) => message.until > now && message.digest !== digest);
  return { ...state, seen: [...kept, { digest, requestId, until }].slice(-SEEN_MAX) };
}

/** The Customer after an event of one of its Requests (`request`), or of an incoming call (null). */
export function foldCustomer(
  state: CustomerState,
  event: RequestEvent,
  request: RequestId | null,
): CustomerState {
  switch (event.type) {
    case "RequestReceived":
      return request === null ? state : remember(state, event.messageDigest, request, event.at);
    case "Dispatched":
      return busy(state, event.offer);
    case "DispatchRejected":
      return free(state, event.offer);
    case "CallPlaced":
      return { ...state, calls: [...state.calls, event.at].slice(-CALLS_KEPT_MAX) };
    case "CallCompleted":
    case "CallLost":
      return free(state, event.offer);
    case "RequestCancelled":
    case "RequestExpired":
    case "RequestFailed":
      return request === null ? state : freeOfRequest(state, request);
    case "InboundStarted":
      return busy(state, event.inboundId);
    case "InboundEnded":
      return free(state, event.inboundId);
    default:
      return state;
  }
}

/** The Request that a message made when it was first seen; null when it is new or forgotten. */
export function seenBefore(state: CustomerState, digest: string, now: Instant): RequestId | null {
  return state.seen.find((message) => message.digest === digest && message.until > now)?.requestId ?? null;
}

/** Nothing worth keeping is left. */
export function isForgettable(state: CustomerState, now: Instant, volumePeriodMs: number): boolean {
  return (
    state.busyWith.length === 0 &&
    state.seen.every((message) => message.until <= now) &&
    state.calls.every((call) => now - call > volumePeriodMs)
  );
}
