/** What a decided event makes the owner say to a telephony server: offer, grant, hang up. */
import type { RoomLimits } from "../../domain/dispatch/room.ts";
import type { Envelope } from "../../domain/kernel/envelope.ts";
import { type RequestId, slotOfName } from "../../domain/kernel/identifiers.ts";
import type { Instant } from "../../domain/kernel/time.ts";
import type { Entry } from "../../domain/ports/event-log.ts";
import type { RequestEvent } from "../../domain/request/events.ts";
import type { RequestState } from "../../domain/request/state.ts";
import type { OfferMessage } from "../../domain/server/offers.ts";

export type OfferContext = {
  readonly request: RequestId;
  readonly partition: number;
  readonly epoch: number;
  readonly now: Instant;
  readonly limits: RoomLimits;
  readonly envelope: Envelope;
};

function messageFor(
  event: RequestEvent,
  before: RequestState,
  after: RequestState,
  context: OfferContext,
): OfferMessage | null {
  if (!("terms" in before)) return null;
  const common = {
    requestId: context.request,
    customer: before.terms.customer,
    partition: context.partition,
    epoch: context.epoch,
    at: context.now,
  };
  if (event.type === "Dispatched") {
    const { server, offer, attempt, expiresAt } = event;
    const { serverLoadPercentMax: outboundPercentMax, inboundReserve } = context.limits;
    const allowed = { outboundPercentMax, inboundReserve };
    return { ...common, type: "Offer", server, offer, attempt, expiresAt, ...allowed };
  }
  if (event.type === "Accepted" && before.phase === "offered" && after.phase === "calling") {
    const { terms, callBefore } = before;
    return {
      ...common,
      type: "Grant",
      server: event.server,
      offer: event.offer,
      attempt: event.attempt,
      sender: terms.sender,
      to: terms.to,
      from: terms.from,
      document: terms.document,
      ringTimeoutMs: terms.ringTimeoutMs,
      maxSessionMs: terms.maxSessionMs,
      callBefore,
      userData: terms.userData,
    };
  }
  return hangUpFor(event, before, common);
}

function hangUpFor(
  event: RequestEvent,
  before: RequestState,
  common: Pick<OfferMessage, "requestId" | "customer" | "partition" | "epoch" | "at">,
): OfferMessage | null {
  if (event.type === "CancelRequested" && (before.phase === "offered" || before.phase === "calling")) {
    return { ...common, type: "HangUp", server: before.server, offer: before.offer, why: "cancelled" };
  }
  // The server would let its hold run out by itself; told at once, the port is free at once.
  if (
    event.type === "DispatchRejected" &&
    (event.reason === "offer-expired" || event.reason === "policy-changed")
  ) {
    return { ...common, type: "HangUp", server: event.server, offer: event.offer, why: "offer-expired" };
  }
  return null;
}

/** None or one record for `offers`, keyed by the server. */
export function offersFor(
  event: RequestEvent,
  before: RequestState,
  after: RequestState,
  context: OfferContext,
): readonly Entry<"offers">[] {
  const message = messageFor(event, before, after, context);
  if (message === null) return [];
  return [{ key: message.server, slot: slotOfName(message.server), envelope: context.envelope, message }];
}
