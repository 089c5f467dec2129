/** What this server tells the partition's owner: facts on `requests`, in the order in which things happened. */
import { unownedEnvelope } from "../../domain/kernel/envelope.ts";
import {
  type CustomerKey,
  type OfferId,
  type RequestId,
  type ServerId,
  slotOfCustomer,
  slotOfRequest,
} from "../../domain/kernel/identifiers.ts";
import type { Instant } from "../../domain/kernel/time.ts";
import type { Chance } from "../../domain/ports/chance.ts";
import type { Clock } from "../../domain/ports/clock.ts";
import type { Durable } from "../../domain/ports/durable.ts";
import type { Entry } from "../../domain/ports/event-log.ts";
import type { InboundReported, InputMessage, OfferRejection } from "../../domain/request/commands.ts";
import type { Offer } from "../../domain/server/offers.ts";
import type { CallLost, CallStep } from "../../domain/session/call-step.ts";
import type { FactOutbox } from "./fact-outbox.ts";

/** The call that a fact is about. */
type AboutCall = {
  readonly offer: OfferId;
  readonly requestId: RequestId;
  readonly customer: CustomerKey;
};

type Answered = AboutCall & Pick<Offer, "epoch">;

export type Facts = {
  offerAccepted(offer: Answered, port: number, cause: string): void;
  offerRejected(offer: Answered, reason: OfferRejection, cause: string | null): void;
  /** Resolves when the step is durable in the log. `factSeq` counts from 1 within the offer. */
  callStep(call: AboutCall, step: CallStep, factSeq: number, cause: string | null): Promise<Durable>;
  callLost(call: AboutCall, lost: Omit<CallLost, "type" | "at">, factSeq: number): Promise<Durable>;
  /** Makes the record now, appends it once `before` has resolved. */
  inbound(message: InboundReported, before: Promise<unknown>): Promise<Durable>;
};

export function createFacts(
  server: ServerId,
  ports: {
    readonly clock: Clock;
    readonly chance: Chance;
    readonly outbox: Pick<FactOutbox, "report">;
    /** The clock of load reports: dispatchers compare answers with them. */
    readonly steadyNow: () => Instant;
    /** Of this run, as its load reports say it. */
    readonly runStartedAt: Instant;
  },
): Facts {
  const { clock, chance, outbox, steadyNow, runStartedAt } = ports;

  function record(
    message: InputMessage,
    about: Pick<Entry<"requests">, "key" | "slot"> & { readonly subject: string | null },
    causationId: string | null,
  ): Entry<"requests"> {
    const { key, slot, subject } = about;
    const envelope = unownedEnvelope({
      id: chance.ulid(),
      source: `telephony/${server}`,
      subject,
      time: clock.now(),
      causationId,
    });
    return { key, slot, message, envelope };
  }

  function say(message: InputMessage, call: AboutCall, causationId: string | null): Promise<Durable> {
    const { requestId, customer } = call;
    const about = { key: customer, slot: slotOfRequest(requestId), subject: requestId };
    return outbox.report(record(message, about, causationId));
  }

  function callStep(
    call: AboutCall,
    step: CallStep,
    factSeq: number,
    cause: string | null,
  ): Promise<Durable> {
    const { requestId, offer } = call;
    return say({ type: "CallReported", requestId, offer, server, factSeq, step }, call, cause);
  }

  return {
    offerAccepted(answered, port, cause) {
      const { requestId, offer, epoch } = answered;
      const at = steadyNow();
      const answer = {
        type: "OfferAccepted",
        requestId,
        offer,
        server,
        port,
        epoch,
        at,
        runStartedAt,
      } as const;
      void say(answer, answered, cause);
    },
    offerRejected(answered, reason, cause) {
      const { requestId, offer, epoch } = answered;
      const at = steadyNow();
      void say({ type: "OfferRejected", requestId, offer, server, reason, epoch, at }, answered, cause);
    },
    callStep,
    callLost: (call, lost, factSeq) =>
      callStep(call, { type: "CallLost", at: clock.now(), ...lost }, factSeq, null),
    async inbound(message, before) {
      const { customer } = message;
      const about = { key: customer, slot: slotOfCustomer(customer), subject: null };
      const written = record(message, about, null);
      await before;
      return outbox.report(written);
    },
  };
}
