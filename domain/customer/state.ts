/**
 * What one partition knows of one Customer: calls placed lately, who is on the line now, and which Requests and
 * messages have been seen. One writer sees everything about one Customer in one order, so all of it is exact:
 * nobody is called twice at once, a volume limit is never exceeded, a replayed message never calls (I3, I13).
 */
import type { OfferId, RequestId, ServerId } from "../kernel/identifiers.ts";
import { type Instant, latest } from "../kernel/time.ts";
import type { RequestEvent } from "../request/events.ts";

/** Call instants kept per Customer, newest last. */
export const CALLS_KEPT_MAX = 32;
/** Idempotency keys stay bound this long. */
export const SEEN_FOR_MS = 7 * 86_400_000;
/** Messages remembered per Customer; the oldest go first. */
export const SEEN_MAX = 1_000;

type SeenMessage = { readonly digest: string; readonly requestId: RequestId; readonly until: Instant };

/** Somebody calls in with this Customer's number, and which server carries the call. */
export type InboundLine = {
  readonly inboundId: string;
  readonly server: ServerId;
  readonly port: number;
  readonly startedAt: Instant;
  /** The server's run that took the call; absent in snapshots, and null in events, from before this was told. */
  readonly runStartedAt?: Instant | null;
};

/** Calls that came in and were declared over, because their server was gone: what it says later comes too late. */
const GONE_CALLS_MAX = 8;

export type CustomerState = {
  readonly calls: readonly Instant[];
  /** The offer whose call stands last in `calls`. */
  readonly counted: OfferId | null;
  /** Offers and incoming calls that hold this Customer's line, or may. */
  readonly busyWith: readonly string[];
  readonly seen: readonly SeenMessage[];
  readonly inbound: readonly InboundLine[];
  /** Ids of calls that came in and were declared over, newest last. */
  readonly goneCalls: readonly string[];
};

export const UNKNOWN_CUSTOMER: CustomerState = {
  calls: [],
  counted: null,
  busyWith: [],
  seen: [],
  inbound: [],
  goneCalls: [],
};

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

function count(state: CustomerState, offer: OfferId, at: Instant): CustomerState {
  return { ...state, calls: [...state.calls, at].slice(-CALLS_KEPT_MAX), counted: offer };
}

/** Whoever died after the INVITE may not have lived to say that it left: somebody's telephone may have rung. */
function countLost(state: CustomerState, { phase, offer, at }: Reported<"CallLost">): CustomerState {
  return phase === "granted" || state.counted === offer ? state : count(state, offer, at);
}

type Reported<Type> = Extract<RequestEvent, { readonly type: Type }>;

function callerStarted(state: CustomerState, event: Reported<"InboundStarted">): CustomerState {
  const { inboundId, server, port, at: startedAt, runStartedAt } = event;
  if (state.inbound.some((line) => line.inboundId === inboundId)) return state;
  const inbound = [...state.inbound, { inboundId, server, port, startedAt, runStartedAt }];
  return { ...busy(state, inboundId), inbound };
}

function callerEnded(state: CustomerState, event: Reported<"InboundEnded">): CustomerState {
  const { inboundId, endedBy } = event;
  const inbound = state.inbound.filter((line) => line.inboundId !== inboundId);
  const freed = { ...free(state, inboundId), inbound };
  if (endedBy !== "server-gone") return freed;
  return { ...freed, goneCalls: [...state.goneCalls, inboundId].slice(-GONE_CALLS_MAX) };
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
      return count(state, event.offer, event.at);
    case "CallCompleted":
      return free(state, event.offer);
    case "CallLost":
      return free(countLost(state, event), event.offer);
    case "RequestCancelled":
    case "RequestExpired":
    case "RequestFailed":
      return request === null ? state : freeOfRequest(state, request);
    case "InboundStarted":
      return callerStarted(state, event);
    case "InboundEnded":
      return callerEnded(state, event);
    default:
      return state;
  }
}

/** The Request that a message made when it was first seen; null when it is new or forgotten. */
export function seenBefore(state: CustomerState, digest: string, now: Instant): RequestId | null {
  return state.seen.find((message) => message.digest === digest && message.until > now)?.requestId ?? null;
}

/** When nothing worth keeping will be left, if nothing more happens; null: not while somebody holds the line. */
export function forgettableAt(state: CustomerState, volumePeriodMs: number): Instant | null {
  if (state.busyWith.length > 0) return null;
  const untils = state.seen.map(({ until }) => until);
  const counted = state.calls.map((call) => (call + volumePeriodMs + 1) as Instant);
  return latest(0 as Instant, ...untils, ...counted);
}
