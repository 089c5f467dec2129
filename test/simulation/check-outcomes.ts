/** What became of each call, held against what the network saw: told once, billed once, lost only for a reason. */
import type { OfferId, RequestId } from "../../domain/kernel/identifiers.ts";
import type { RequestEvent } from "../../domain/request/events.ts";
import type { CallCompleted, CallLost } from "../../domain/session/call-step.ts";
import { type Evidence, eventsIn, type History } from "./evidence.ts";
import type { Report } from "./violation.ts";

type Outcome = (CallCompleted | CallLost) & { readonly offer: OfferId };

const isOutcome = (event: RequestEvent): event is RequestEvent & Outcome =>
  event.type === "CallCompleted" || event.type === "CallLost";

/** I10: a call that really happened has one outcome, told by its server or its journal; none is told of no call. */
export function checkOutcomes(
  evidence: Evidence,
  request: RequestId,
  history: History,
  report: Report,
): void {
  const events = eventsIn(history);
  const calls = evidence.truth.calls.filter((call) => call.request === request);
  for (const { offer } of calls) {
    if (offer === null) continue;
    checkOneOutcome(evidence, offer, events, report);
    if (calls.filter((call) => call.offer === offer).length > 1)
      report("I15", `${offer} was called more than once`);
  }
  for (const event of events) {
    if (!isOutcome(event)) continue;
    checkTold(evidence, event, report);
    checkSeconds(evidence, event, report);
  }
}

function checkOneOutcome(
  { unknowable }: Evidence,
  offer: OfferId,
  events: readonly RequestEvent[],
  report: Report,
): void {
  const outcomes = events.filter((event) => isOutcome(event) && event.offer === offer);
  // An operator has decided what is to be said of it.
  const isGivenUp = events.some((event) => event.type === "RequestFailed" && event.outcome === "unknown");
  if (outcomes.length === 0 && unknowable?.has(offer) === true && isGivenUp) return;
  const placed = events.filter((event) => event.type === "CallPlaced" && event.offer === offer);
  if (outcomes.length !== 1) report("I10", `${offer} was called and has ${outcomes.length} outcomes`);
  if (placed.length > 1) report("I10", `${offer} was placed ${placed.length} times by the log`);
  const [outcome] = outcomes;
  if (outcome?.type === "CallLost" && outcome.phase === "granted") {
    report("I10", `${offer} rang, and the log says that nobody was called (${outcome.how})`);
  }
}

/** Where the grant never came to its server nobody but silence can tell that nothing came of it. */
function checkTold({ tornGrants, truth }: Evidence, outcome: Outcome, report: Report): void {
  if (outcome.type !== "CallLost" || outcome.how !== "silence") return;
  const wasCalled = truth.calls.some(({ offer }) => offer === outcome.offer);
  if (!wasCalled && tornGrants?.has(outcome.offer) === true) return;
  report("I10", `${outcome.offer}: nobody ever told its outcome`);
}

/** The network and the server read the same clock, one a moment after the other. */
const TALK_MS_APART_MAX = 1;

function checkSeconds({ talks }: Evidence, outcome: Outcome, report: Report): void {
  if (outcome.type !== "CallCompleted") return;
  const talkMs = talks?.get(outcome.offer);
  if (talkMs === undefined || Math.abs(talkMs - outcome.talkMs) <= TALK_MS_APART_MAX) return;
  report("I10", `${outcome.offer} talked for ${talkMs} ms and is billed ${outcome.talkMs} ms`);
}
