/** Whether a telephony server takes what it is offered: its own word, whatever the dispatcher believed (I10). */
import type { Instant } from "../kernel/time.ts";
import type { OfferRejection } from "../request/commands.ts";
import type { Offer } from "./offers.ts";
import { countUse, freePorts, type PortTable } from "./port-table.ts";

export type AdmissionLimits = {
  /** Outbound calls at most, as a share of capacity (F06), in percent. */
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
  if (offer.expiresAt <= now) return "hold-expired";
  if (condition.draining) return "draining";
  if (condition.mediaLatenessMs > limits.mediaLatenessMsMax) return "late-media";
  const free = freePorts(table);
  if (free === 0) return "busy";
  const recent = table.lastInboundAt !== null && now - table.lastInboundAt < limits.inboundRecentMs;
  if (free <= table.inboundReserve) return recent ? "inbound-recent" : "inbound-reserve";
  const outbound = countUse(table, "outbound") + countUse(table, "held");
  if (outbound >= Math.floor((table.capacity * limits.outboundPercentMax) / 100)) return "busy";
  return null;
}
