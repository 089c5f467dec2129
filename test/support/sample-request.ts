import {
  type CustomerKey,
  offerId,
  type RequestId,
  type SenderId,
  type ServerId,
} from "../../domain/kernel/identifiers.ts";
import type { Sealed } from "../../domain/kernel/sealed.ts";
import { type Instant, instant, milliseconds } from "../../domain/kernel/time.ts";
import type { SubmitRequest } from "../../domain/request/commands.ts";
import type { Judgement } from "../../domain/request/context.ts";
import type { RequestEvent, RequestReceived } from "../../domain/request/events.ts";
import type { RequestTerms } from "../../domain/request/terms.ts";
import type { CallCompleted } from "../../domain/session/call-step.ts";

export const REQUEST = "rq_0123456789abcdefghjkmnpqrs_0a1" as RequestId;
export const CUSTOMER = "00a1b2c3d4e5f60718293a4b5c6d7e8f" as CustomerKey;
export const HOTEL = "hotel" as SenderId;
export const SERVER = "telephony-1" as ServerId;
/** 2026-11-20T09:00:00Z, a Friday. */
export const NINE = instant(Date.UTC(2026, 10, 20, 9));

export function later(ms: number): Instant {
  return instant(NINE + ms);
}

export function terms(change: Partial<RequestTerms> = {}): RequestTerms {
  return {
    sender: HOTEL,
    customer: CUSTOMER,
    to: "k1.c2VhbGVk" as Sealed,
    prefix: "1212",
    from: null,
    document: { kind: "url", url: "https://hotel.example/wake-up.vxml", sealed: null, sha256: null },
    ringTimeoutMs: milliseconds(30_000),
    maxSessionMs: milliseconds(600_000),
    notBefore: null,
    notAfter: instant(NINE + 86_400_000),
    window: null,
    serviceLevel: "basic",
    bulkiness: "solitary",
    rank: 5,
    purpose: "informational",
    onLost: "stop",
    maxAttempts: 2,
    resources: [],
    attached: [],
    userData: null,
    notify: [],
    ...change,
  };
}

export function submission(change: Partial<RequestTerms> = {}): SubmitRequest {
  return {
    type: "SubmitRequest",
    requestId: REQUEST,
    terms: terms(change),
    channel: "http",
    authentication: { mechanism: "password", keyId: "hotel" },
    createdAt: null,
    receivedAt: NINE,
    messageDigest: "digest-1",
  };
}

export const ALLOWED: Judgement = {
  verdicts: [],
  conclusion: { is: "allow", callBefore: instant(NINE + 3_600_000) },
};

export function received(change: Partial<RequestTerms> = {}): RequestReceived {
  const { terms: asked, channel, authentication, createdAt, receivedAt, messageDigest } = submission(change);
  return {
    type: "RequestReceived",
    at: receivedAt,
    terms: asked,
    channel,
    authentication,
    createdAt,
    messageDigest,
  };
}

export const queued: RequestEvent = { type: "RequestQueued", at: NINE, priority: 104, verdicts: [] };

export function dispatched(offer = 1, attempt = 1): RequestEvent {
  return {
    type: "Dispatched",
    at: NINE,
    attempt,
    offer: offerId(REQUEST, offer),
    server: SERVER,
    expiresAt: later(5_000),
    verdicts: [],
    callBefore: later(3_600_000),
  };
}

export function acceptedOffer(offer = 1, attempt = 1): RequestEvent {
  return {
    type: "Accepted",
    at: later(10),
    attempt,
    offer: offerId(REQUEST, offer),
    server: SERVER,
    port: 3,
    runStartedAt: NINE,
  };
}

/** A call that nobody answered; change what matters. */
export function completed(change: Partial<CallCompleted> = {}): CallCompleted {
  return {
    type: "CallCompleted",
    at: later(31_000),
    outcome: "no-answer",
    endedBy: "us",
    localCause: "ring-timeout",
    sipCode: 487,
    q850: null,
    alerted: true,
    earlyMedia: false,
    invitedAt: later(20),
    ringingAt: later(100),
    answeredAt: null,
    portSeizedAt: later(10),
    portReleasedAt: later(30_900),
    talkMs: milliseconds(0),
    dialogResult: null,
    dialogEvent: null,
    exit: null,
    inputs: 0,
    noInputs: 0,
    noMatches: 0,
    firstPromptMs: null,
    participatedMs: milliseconds(0),
    rtpReceived: 0,
    rtpConcealed: 0,
    jitterMs: 0,
    ...change,
  };
}
