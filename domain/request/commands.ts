/**
 * Everything that arrives on `requests`: what Senders ask for, and what telephony servers report. Many write
 * here; only the partition's owner decides what becomes of it.
 */
import type { CustomerKey, OfferId, RequestId, SenderId, ServerId } from "../kernel/identifiers.ts";
import type { Instant } from "../kernel/time.ts";
import type { CallStep } from "../session/call-step.ts";
import type { Authentication, Channel, RequestTerms } from "./terms.ts";

export type SubmitRequest = {
  readonly type: "SubmitRequest";
  readonly requestId: RequestId;
  readonly terms: RequestTerms;
  readonly channel: Channel;
  readonly authentication: Authentication;
  /** When the Sender made it, by its own clock (B07); null where the mechanism carries none. */
  readonly createdAt: Instant | null;
  readonly receivedAt: Instant;
  /** Identifies the signed message or the idempotency key: the same one never makes a second Request (H09). */
  readonly messageDigest: string;
};

export type CancelRequest = {
  readonly type: "CancelRequest";
  readonly requestId: RequestId;
  readonly sender: SenderId;
  readonly at: Instant;
};

/** A telephony server's answer to an offer. `epoch` is that of the offer it answers. */
export type OfferAnswer =
  | {
      readonly type: "OfferAccepted";
      readonly requestId: RequestId;
      readonly offer: OfferId;
      readonly server: ServerId;
      readonly port: number;
      readonly epoch: number;
      /** By the clock of the server's load reports, which does not step while it lives. */
      readonly at: Instant;
      /** `startedAt` in the load reports of the server's run that holds the port; null: told before this field was. */
      readonly runStartedAt: Instant | null;
    }
  | {
      readonly type: "OfferRejected";
      readonly requestId: RequestId;
      readonly offer: OfferId;
      readonly server: ServerId;
      readonly reason: OfferRejection;
      readonly epoch: number;
      /** As above. */
      readonly at: Instant;
    };

/** Why a server says no. Closed list: a code is never reused for another meaning. */
export type OfferRejection =
  | "busy"
  | "inbound-reserve"
  | "inbound-recent"
  | "glare"
  | "draining"
  | "late-media"
  | "stale-epoch"
  | "hold-expired";

/** A step of a call, as its server saw it. `factSeq` counts from 1 within the offer: duplicates are dropped by it. */
export type CallReported = {
  readonly type: "CallReported";
  readonly requestId: RequestId;
  readonly offer: OfferId;
  readonly server: ServerId;
  readonly factSeq: number;
  readonly step: CallStep;
};

/** A call that came in (I04). `customer` is the caller's pseudonym; the server's name where it withheld its number. */
export type InboundReported =
  | {
      readonly type: "InboundStarted";
      readonly inboundId: string;
      readonly customer: CustomerKey;
      readonly server: ServerId;
      readonly port: number;
      readonly sipCallId: string;
      readonly at: Instant;
      /** `startedAt` in the load reports of the server's run that took the call; null: told before this field was. */
      readonly runStartedAt: Instant | null;
    }
  | {
      readonly type: "InboundEnded";
      readonly inboundId: string;
      readonly customer: CustomerKey;
      readonly server: ServerId;
      readonly port: number;
      readonly startedAt: Instant;
      /** "server-gone": nobody knows; the owner of the Customer's partition says so of a server that is gone. */
      readonly endedBy: "customer" | "us" | "network" | "server-gone";
      readonly at: Instant;
    };

/** Counted refusals at the gate (G01): at most one record a second for each source, Sender and reason. */
export type IntakeRefused = {
  readonly type: "IntakeRefused";
  readonly channel: Channel;
  /** As claimed, unproven; empty when it named none. */
  readonly claimedSender: string;
  readonly source: string;
  readonly reason: string;
  readonly count: number;
  readonly at: Instant;
};

/**
 * The Receiver forgets a Customer: what is open of its Requests is taken back, and so is a call in progress. Its
 * data keys were dropped before, so nothing sealed can be read any more whenever this arrives.
 */
export type EraseCustomer = {
  readonly type: "EraseCustomer";
  readonly customer: CustomerKey;
  /** Data keys dropped before this was written. */
  readonly keys: number;
  readonly at: Instant;
};

export type InputMessage =
  | SubmitRequest
  | CancelRequest
  | OfferAnswer
  | CallReported
  | InboundReported
  | IntakeRefused
  | EraseCustomer;
