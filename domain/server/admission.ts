/** Whether a telephony server takes what it is offered: its own word, whatever the dispatcher believed (I10). */
import { shareOf } from "../dispatch/room.ts";
import type { Instant } from "../kernel/time.ts";
import type { OfferRejection } from "../request/commands.ts";
import type { Offer } from "./offers.ts";
import { countUse, freePorts, type PortTable } from "./port-table.ts";

export type AdmissionLimits = {
  /** Outbound calls at most, in percent of capacity (F06); an offer may bring a lower limit. */
  readonly outboundPercentMax: number;
  /** With at most `inboundReserve` ports free, an incoming call this recent refuses offers. */
  readonly inboundRecentMs: number;
  /** Above this p99 lateness of sent packets no call is added. */
  readonly mediaLatenessMsMax: number;
};

export const ADMISSION_LIMITS: AdmissionLimits = {
  outboundPercentMax: 100,
  inboundRecentMs: 2_000,
  mediaLatenessMsMax: 20,
};

export type ServerCondition = {
  readonly table: PortTable;
  readonly draining: boolean;
  readonly mediaLatenessMs: number;
  /** Newest owner epoch seen for the offer's partition. */
  readonly newestEpoch: number;
};

/** Null: take it. */
export function refusalOf(
  offer: Offer,
  condition: ServerCondition,
  now: Instant,
  limits: AdmissionLimits = ADMISSION_LIMITS,
): OfferRejection | null {
  const { table } = condition;
  if (offer.epoch < condition.newestEpoch) return "stale-epoch";
  // Not whether it has expired: that is by its owner's clock, which may be another than ours. An owner that gave an
  // offer up says so, and an unanswered hold runs out.
  if (condition.draining) return "draining";
  if (condition.mediaLatenessMs > limits.mediaLatenessMsMax) return "late-media";
  const reserve = Math.max(table.inboundReserve, offer.inboundReserve);
  const free = freePorts(table);
  if (free === 0) return "busy";
  const recent = table.lastInboundAt !== null && now - table.lastInboundAt < limits.inboundRecentMs;
  if (free <= reserve) return recent ? "inbound-recent" : "inbound-reserve";
  const outbound = countUse(table, "outbound") + countUse(table, "held");
  const percentMax = Math.min(limits.outboundPercentMax, offer.outboundPercentMax);
  if (outbound >= shareOf(table.capacity, percentMax)) return "busy";
  return null;
}
