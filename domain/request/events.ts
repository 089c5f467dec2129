/**
 * What has happened to a Request, as past facts: the contract of the house. Names are never reused, fields are
 * only added. The envelope carries the Request's id (`subject`), `sequence`, cause and owner epoch.
 */
import type { CustomerKey, OfferId, SenderId, ServerId } from "../kernel/identifiers.ts";
import type { Instant, Milliseconds } from "../kernel/time.ts";
import type { Verdict } from "../policy/verdict.ts";
import type { CallStep } from "../session/call-step.ts";
import type { InboundReported, IntakeRefused, OfferRejection } from "./commands.ts";
import type { Authentication, Channel, RequestTerms } from "./terms.ts";

/** Who takes a Request back where it was not its Sender. No account has this name. */
export const RECEIVER = "receiver" as SenderId;

export type RequestReceived = {
  readonly type: "RequestReceived";
  readonly at: Instant;
  readonly terms: RequestTerms;
  readonly channel: Channel;
  readonly authentication: Authentication;
  readonly createdAt: Instant | null;
  readonly messageDigest: string;
};

type Dispatched = {
  readonly type: "Dispatched";
  readonly at: Instant;
  /** The call that this offer is for: 1 … maxAttempts. */
  readonly attempt: number;
  readonly offer: OfferId;
  readonly server: ServerId;
  readonly expiresAt: Instant;
  /** Verdicts of the check at dispatch. */
  readonly verdicts: readonly Verdict[];
  /** No INVITE after this instant. */
  readonly callBefore: Instant;
};

export type DispatchRejectedReason = OfferRejection | "offer-expired" | "server-gone" | "policy-changed";

/** An ordered step of a call: the server's fact with its offer and attempt. */
export type CallEvent = CallStep & {
  readonly attempt: number;
  readonly offer: OfferId;
  readonly server: ServerId;
  /** Of the fact that this event puts in order; 0 where the owner itself declared the call lost. */
  readonly factSeq: number;
};

export type RequestEvent =
  | RequestReceived
  | { readonly type: "PolicyRejected"; readonly at: Instant; readonly verdicts: readonly Verdict[] }
  | {
      readonly type: "RequestScheduled";
      readonly at: Instant;
      readonly dueAt: Instant;
      readonly verdicts: readonly Verdict[];
    }
  | {
      readonly type: "RequestQueued";
      readonly at: Instant;
      /** Lower goes first; see `domain/schedule/priority.ts`. */
      readonly priority: number;
      readonly verdicts: readonly Verdict[];
    }
  | Dispatched
  | {
      readonly type: "DispatchRejected";
      readonly at: Instant;
      readonly attempt: number;
      readonly offer: OfferId;
      readonly server: ServerId;
      readonly reason: DispatchRejectedReason;
    }
  /** No server had a free line for as long as it waits for one: counted as a refused offer (F08). */
  | { readonly type: "LineWaitEnded"; readonly at: Instant; readonly waitedMs: Milliseconds }
  | {
      readonly type: "Accepted";
      readonly at: Instant;
      readonly attempt: number;
      readonly offer: OfferId;
      readonly server: ServerId;
      readonly port: number;
      /** The server's run that places the call; null: told before this field was. */
      readonly runStartedAt: Instant | null;
    }
  | CallEvent
  | {
      readonly type: "RetryScheduled";
      readonly at: Instant;
      /** Number of the next call. */
      readonly attempt: number;
      readonly dueAt: Instant;
      readonly why: string;
    }
  | { readonly type: "CancelRequested"; readonly at: Instant; readonly by: SenderId }
  | {
      readonly type: "RequestCompleted";
      readonly at: Instant;
      readonly attempts: number;
      readonly outcome: string;
    }
  | {
      readonly type: "RequestFailed";
      readonly at: Instant;
      readonly attempts: number;
      /** Outcome of the last call, or why there was none ("offers-exhausted"). */
      readonly outcome: string;
    }
  | {
      readonly type: "RequestExpired";
      readonly at: Instant;
      readonly attempts: number;
      readonly reason: string;
    }
  | { readonly type: "RequestCancelled"; readonly at: Instant; readonly attempts: number }
  | {
      readonly type: "SenderNotified";
      readonly at: Instant;
      readonly notice: string;
      readonly status: number;
    }
  | {
      readonly type: "NotificationFailed";
      readonly at: Instant;
      readonly notice: string;
      readonly reason: string;
    }
  /**
   * Its owner found a gap in the numbers of its events when it was restored: records were lost. Nothing more is done
   * for it until somebody takes it back.
   */
  | {
      readonly type: "RequestSetAside";
      readonly at: Instant;
      /** Every event up to this number is known. */
      readonly knownUpTo: number;
      /** The first number that was found after the gap. */
      readonly foundNext: number;
    }
  /** A fact that did not fit, kept so that an auditor sees it. */
  | { readonly type: "FactIgnored"; readonly at: Instant; readonly fact: string; readonly reason: string }
  | InboundReported
  | IntakeRefused
  /** Under the Customer's key, of no Request: nothing sealed of this Customer can be read any more. */
  | {
      readonly type: "CustomerErased";
      readonly at: Instant;
      readonly customer: CustomerKey;
      /** Data keys that were dropped. */
      readonly keys: number;
    }
  /** The first record of every owner of the partition. */
  | { readonly type: "OwnershipTaken"; readonly owner: string; readonly epoch: number; readonly at: Instant }
  /** A record of `requests` that nobody could read. */
  | {
      readonly type: "RecordQuarantined";
      readonly at: Instant;
      readonly topic: string;
      readonly partition: number;
      readonly offset: number;
      readonly reason: string;
    };

export type TerminalEvent = Extract<
  RequestEvent,
  { type: "PolicyRejected" | "RequestCompleted" | "RequestFailed" | "RequestExpired" | "RequestCancelled" }
>;

const TERMINAL: ReadonlySet<string> = new Set<TerminalEvent["type"]>([
  "PolicyRejected",
  "RequestCompleted",
  "RequestFailed",
  "RequestExpired",
  "RequestCancelled",
]);

export function isTerminal(event: RequestEvent): event is TerminalEvent {
  return TERMINAL.has(event.type);
}
