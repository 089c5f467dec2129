/** Ports held for offers that have no grant yet. A hold lives in this memory alone, and not for long (I16). */
import type { OfferId } from "../../domain/kernel/identifiers.ts";
import { after, type Instant, type Milliseconds } from "../../domain/kernel/time.ts";
import type { OfferRejection } from "../../domain/request/commands.ts";
import { type AdmissionLimits, refusalOf, type ServerCondition } from "../../domain/server/admission.ts";
import type { Offer } from "../../domain/server/offers.ts";
import {
  expiredHolds,
  heldUntil,
  holdPort,
  portOfOffer,
  releasePort,
  seizeHeld,
} from "../../domain/server/port-table.ts";
import type { Facts } from "./facts.ts";
import type { ServerPorts } from "./server-ports.ts";

export type Holds = {
  /** Takes the offer, or says why not. An offer that holds a port already is told so again. */
  take(offer: Offer, newestEpoch: number, cause: string): void;
  /**
   * The grant came: the port now carries the call, which must have left by `until` of the steady clock. Null: there
   * is no hold, or none any more, be it that nobody has got round to saying so (a process that was stopped).
   */
  seize(offer: OfferId, now: Instant): { readonly port: number; readonly until: Instant } | null;
  /** Gives a held port back and says so, so that the owner can offer elsewhere. */
  withdraw(offer: OfferId, reason: OfferRejection): void;
  /** Gives a held port back; the owner knows. */
  release(offer: OfferId): void;
  /** Withdraws every hold whose grant did not come in time. */
  expire(): void;
};

export type HoldsPorts = {
  readonly facts: Pick<Facts, "offerAccepted" | "offerRejected">;
  readonly ports: ServerPorts;
  readonly now: () => Instant;
  /** Never steps: a hold keeps its length whatever the wall clock does. */
  readonly steadyNow: () => Instant;
  readonly condition: () => Pick<ServerCondition, "draining" | "mediaLatenessMs">;
};

/** Longer than any copy of an offer can be on its way. */
const ENDED_KEPT_MS = 600_000;

export function createHolds(
  options: { readonly holdMs: Milliseconds; readonly admission: AdmissionLimits },
  deps: HoldsPorts,
): Holds {
  const { facts, ports, now, steadyNow } = deps;
  const holders = new Map<OfferId, Offer>();
  /** Offers whose hold has ended without a grant, and when: a copy that comes later must not hold a port again. */
  const ended = new Map<OfferId, Instant>();

  function release(offer: OfferId): void {
    if (holders.delete(offer)) ended.set(offer, steadyNow());
    const port = portOfOffer(ports.table(), offer);
    if (port !== null && ports.table().inUse.get(port)?.is === "held") {
      ports.set(releasePort(ports.table(), port, now()));
    }
  }

  function withdraw(offerId: OfferId, reason: OfferRejection): void {
    const offer = holders.get(offerId);
    release(offerId);
    if (offer !== undefined) facts.offerRejected(offer, reason, null);
  }

  return {
    take(offer, newestEpoch, cause) {
      const table = ports.table();
      const holding = portOfOffer(table, offer.offer);
      if (holding !== null) return facts.offerAccepted(offer, holding, cause);
      // The owner may have granted it meanwhile, and given this server up since: the grant must find no hold.
      if (ended.has(offer.offer)) return facts.offerRejected(offer, "hold-expired", cause);
      const condition = { table, newestEpoch, ...deps.condition() };
      const refusal = refusalOf(offer, condition, now(), options.admission);
      if (refusal !== null) return facts.offerRejected(offer, refusal, cause);
      const since = steadyNow();
      const hold = holdPort(table, { offer: offer.offer, now: since, until: after(since, options.holdMs) });
      if (hold === null) return facts.offerRejected(offer, "busy", cause);
      ports.set(hold.table);
      holders.set(offer.offer, offer);
      facts.offerAccepted(offer, hold.port, cause);
    },
    seize(offer, at) {
      const until = heldUntil(ports.table(), offer);
      if (until === null || until <= steadyNow()) {
        release(offer);
        return null;
      }
      const seized = seizeHeld(ports.table(), offer, at);
      holders.delete(offer);
      if (seized === null) return null;
      ports.set(seized.table);
      return { port: seized.port, until };
    },
    withdraw,
    release,
    expire() {
      for (const [offer, at] of ended) if (steadyNow() - at >= ENDED_KEPT_MS) ended.delete(offer);
      for (const { offer } of expiredHolds(ports.table(), steadyNow())) withdraw(offer, "hold-expired");
    },
  };
}
