/**
 * How often one Customer is called, whoever asks (F03): at most so many calls in any period of that length, a
 * sliding window on the instants at which calls were placed. Intentions don't count, so a crash loop can't eat
 * the allowance. A Customer can ask for fewer calls than the Receiver allows, not for more.
 */
import type { CustomerPreferencesSet, ReceiverRulesSet } from "../directory/messages.ts";
import { after, type Instant } from "../kernel/time.ts";
import { customerRule, receiverRule } from "./rule-name.ts";
import type { Verdict } from "./verdict.ts";

export function checkVolume(
  recentCalls: readonly Instant[],
  customer: CustomerPreferencesSet | null,
  rules: ReceiverRulesSet,
  now: Instant,
): Verdict {
  const wished = customer?.volumeMax ?? null;
  const setByCustomer = wished !== null && wished <= rules.volumeMax;
  const callsMax = setByCustomer ? wished : rules.volumeMax;
  const counted = recentCalls
    .filter((placedAt) => after(placedAt, rules.volumePeriodMs) > now)
    .toSorted((a, b) => a - b);
  const base = {
    check: "volume.customer",
    setBy: setByCustomer ? "customer" : "receiver",
    rule: setByCustomer ? customerRule(customer, "volume") : receiverRule(rules, "volume"),
    facts: {
      calls: String(counted.length),
      callsMax: String(callsMax),
      periodMs: String(rules.volumePeriodMs),
    },
  } as const;
  if (counted.length < callsMax) return { ...base, says: "allow", reason: null, until: null };
  // The answer changes when the oldest of the newest `callsMax` calls leaves the period.
  const leaves = counted[counted.length - callsMax];
  if (leaves === undefined) return { ...base, says: "refuse", reason: "volume.customer", until: null };
  return { ...base, says: "wait", reason: "volume.customer", until: after(leaves, rules.volumePeriodMs) };
}
