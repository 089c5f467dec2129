/**
 * Whether, and when, a Request may become a call. All checks run, always: stopping at the first no would hide
 * the others from whoever asks why, and make what-if counts wrong. The same function judges at receipt, when a
 * Request falls due, before its offer and before its grant, because hours, opt-outs and limits change while it
 * waits. Pure: a replay with the same facts, rules and tables says the same.
 */
import type { ReceiverRulesSet } from "../directory/messages.ts";
import { earliest, type Instant, latest } from "../kernel/time.ts";
import type { ZoneClock } from "../ports/zone-clock.ts";
import { checkDeadline } from "./check-deadline.ts";
import { checkEmergency } from "./check-emergency.ts";
import { checkHours } from "./check-hours.ts";
import { checkInCall } from "./check-in-call.ts";
import { checkNumber } from "./check-number.ts";
import { checkResources } from "./check-resources.ts";
import { checkSender } from "./check-sender.ts";
import { checkVolume } from "./check-volume.ts";
import type { KnownFacts, RequestFacts } from "./facts.ts";
import type { ReasonCode, Verdict } from "./verdict.ts";

export type Conclusion =
  /** No INVITE at or after `callBefore`: the first closing of any hours, or the deadline. */
  | { readonly is: "allow"; readonly callBefore: Instant }
  /** Ask again at `until`; another check may say no by then. */
  | { readonly is: "wait"; readonly until: Instant }
  | { readonly is: "refuse"; readonly reason: ReasonCode; readonly terminal: "rejected" | "expired" };

/** Every verdict, in an order that never changes. */
export function checkAll(
  request: RequestFacts,
  known: KnownFacts,
  rules: ReceiverRulesSet,
  now: Instant,
  clock: ZoneClock,
): readonly Verdict[] {
  return [
    ...checkNumber(request, rules),
    checkEmergency(request),
    checkSender(request, known.sender),
    ...checkResources(request),
    ...checkHours(request, known, rules, now, clock),
    checkVolume(known.recentCalls, known.customer, rules, now),
    checkInCall(known.inCall, now),
    checkDeadline(request.terms, now),
  ];
}

/**
 * What the verdicts amount to, whatever their order. One no refuses. Else the longest wait counts; one that
 * does not end before the deadline is a no. `deadline` is the Request's `notAfter`.
 */
export function conclude(verdicts: readonly Verdict[], deadline: Instant): Conclusion {
  const refused = reasonsOf(verdicts, (verdict) => verdict.says === "refuse");
  if (refused !== null) return refusal(refused);
  const waits = verdicts.filter((verdict) => verdict.says === "wait");
  const endless = reasonsOf(waits, ({ until }) => until === null || until >= deadline);
  if (endless !== null) return refusal(outlastingReason(endless));
  const [first, ...rest] = waits.map(({ until }) => until ?? deadline);
  if (first !== undefined) return { is: "wait", until: latest(first, ...rest) };
  return { is: "allow", callBefore: earliest(deadline, ...verdicts.flatMap(({ until }) => until ?? [])) };
}

/** A wait beyond the deadline, as a refusal. Only a line that stayed busy is nobody's rule: it expires. */
function outlastingReason(reason: ReasonCode): ReasonCode {
  if (reason === "hours.closed") return "hours.never-open";
  return reason === "customer.in-call" ? "deadline.passed" : reason;
}

function refusal(reason: ReasonCode): Conclusion {
  return { is: "refuse", reason, terminal: reason === "deadline.passed" ? "expired" : "rejected" };
}

/** What is said first where several verdicts say no: from what can never change to what only came too late. */
const WEIGHT: Readonly<Record<ReasonCode, number>> = {
  "personal-data.erased": 0,
  "number.emergency": 1,
  "number.protected": 2,
  "number.malformed": 3,
  "number.invalid": 4,
  "number.premium": 5,
  "number.shared-cost": 6,
  "number.unknown-type": 7,
  "number.high-risk": 8,
  "number.country-closed": 9,
  "sender.unknown": 10,
  "sender.suspended": 11,
  "resource.missing": 12,
  "resource.mismatch": 13,
  "zone.unknown": 14,
  "volume.customer": 15,
  "hours.never-open": 16,
  "hours.closed": 17,
  "hours.conflict": 18,
  "customer.in-call": 19,
  "deadline.passed": 20,
};

function reasonsOf(verdicts: readonly Verdict[], which: (verdict: Verdict) => boolean): ReasonCode | null {
  const reasons = verdicts.filter(which).map(({ reason }) => reason ?? "deadline.passed");
  return reasons.toSorted((a, b) => WEIGHT[a] - WEIGHT[b])[0] ?? null;
}
