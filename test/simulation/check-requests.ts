/** Each Request by its own history: received once, ended once, numbered without a gap, tried as often as allowed. */
import type { RequestId } from "../../domain/kernel/identifiers.ts";
import { instant } from "../../domain/kernel/time.ts";
import { defaultReceiverRules } from "../../domain/policy/default-rules.ts";
import { isTerminal, type RequestEvent } from "../../domain/request/events.ts";
import { CALLS_PER_REQUEST_MAX } from "../../domain/schedule/retry.ts";
import { usesAttempt } from "../../domain/session/outcome.ts";
import { type Evidence, eventsIn, type Histories, type History, namesIn, requestsAsked } from "./evidence.ts";
import type { Report } from "./violation.ts";

/** I1: whatever was acknowledged ends, and once. */
export function checkEnds(evidence: Evidence, histories: Histories, report: Report): void {
  for (const request of requestsAsked(evidence)) {
    const history = histories.get(request);
    const ends = eventsIn(history).filter(isTerminal).length;
    if (ends !== 1) report("I1", `${request} has ${ends} ends: ${namesIn(history)}`);
  }
}

/** I2, I13: nothing without a receipt, and one message makes one Request. */
export function checkOrder(request: RequestId, history: History, report: Report): void {
  const received = eventsIn(history).filter(({ type }) => type === "RequestReceived").length;
  if (received !== 1) report(received === 0 ? "I2" : "I13", `${request} was received ${received} times`);
  for (const [index, { envelope }] of history.entries()) {
    if (envelope.sequence === index + 1) continue;
    report("I9", `${request}: event ${index + 1} has number ${envelope.sequence}: ${namesIn(history)}`);
    return;
  }
}

function usesUp(event: RequestEvent): boolean {
  if (event.type === "CallCompleted") return usesAttempt(event.outcome);
  return event.type === "CallLost" && event.phase !== "granted";
}

/** I5: no more calls than allowed, and a bound on those that don't count. */
export function checkAttempts(
  evidence: Evidence,
  request: RequestId,
  history: History,
  report: Report,
): void {
  const events = eventsIn(history);
  const received = events.find((event) => event.type === "RequestReceived");
  const calls = evidence.truth.calls.filter((call) => call.request === request).length;
  const used = events.filter(usesUp).length;
  const max = received?.terms.maxAttempts ?? 0;
  if (used > max) report("I5", `${request} used ${used} of ${max} attempts`);
  if (calls > CALLS_PER_REQUEST_MAX) report("I5", `${request} was called ${calls} times`);
  const free = events.filter((event) => event.type === "CallCompleted" && !usesAttempt(event.outcome)).length;
  if (calls - free > max) report("I5", `${calls} INVITEs for ${request}, ${max} allowed, ${free} free`);
  checkRefusals(evidence, request, events, report);
}

function checkRefusals(
  evidence: Evidence,
  request: RequestId,
  events: readonly RequestEvent[],
  report: Report,
): void {
  const rules = defaultReceiverRules(instant(0));
  const isEnhanced = events.some(
    (event) => event.type === "RequestReceived" && event.terms.serviceLevel === "enhanced",
  );
  const refusedMax =
    evidence.offerRefusalsMax ?? (isEnhanced ? rules.enhancedOfferRefusalsMax : rules.offerRefusalsMax);
  let refused = 0;
  for (const { type } of events) {
    refused = type === "DispatchRejected" ? refused + 1 : type === "Accepted" ? 0 : refused;
    if (refused > refusedMax) return report("I5", `${request} had ${refused} offers refused in a row`);
  }
}
