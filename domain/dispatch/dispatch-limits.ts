/** What the Receiver's rules allow to a Request's offers. */
import type { ReceiverRulesSet } from "../directory/messages.ts";
import type { Milliseconds } from "../kernel/time.ts";
import type { DispatchLimits } from "../request/decide.ts";
import type { ServiceLevel } from "../request/terms.ts";
import type { RoomLimits } from "./room.ts";

/** N of L12 and the times, for this level of service: enhanced Requests have an N of their own (O06). */
export function dispatchLimitsOf(
  rules: ReceiverRulesSet,
  level: ServiceLevel,
  offerTtlMs: Milliseconds,
): DispatchLimits {
  const { offerRefusalsMax, enhancedOfferRefusalsMax, lostRetryMs, lineWaitMs } = rules;
  return {
    offerTtlMs,
    offerRefusalsMax: level === "enhanced" ? enhancedOfferRefusalsMax : offerRefusalsMax,
    lostRetryMs,
    lineWaitMs,
  };
}

export function roomLimitsOf(rules: ReceiverRulesSet): RoomLimits {
  const { loadPercentMax, serverLoadPercentMax, inboundReserve } = rules;
  return { loadPercentMax, serverLoadPercentMax, inboundReserve };
}
