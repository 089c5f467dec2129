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
    checkOneOutcome(offer, events, report);
    if (calls.filter((call) => call.offer === offer).length > 1)
      report("I15", `${offer} was called more than once`);
  }
  for (const event of events) {
    if (!isOutcome(event)) continue;
    checkTold(evidence, event, report);
    checkSeconds(evidence, event, report);
  }
}

function checkOneOutcome(offer: OfferId, events: readonly RequestEvent[], report: Report): void {
  const outcomes = events.filter((event) => isOutcome(event) && event.offer === offer);
  const placed = events.filter((event) => event.type === "CallPlaced" && event.offer === offer);
  if (outcomes.length !== 1) report("I10", `${offer} was called and has ${outcomes.length} outcomes`);
  if (placed.length > 1) report("I10", `${offer} was placed ${placed.length} times by the log`);
  const [outcome] = outcomes;
  if (outcome?.type === "CallLost" && outcome.phase === "granted") {
    report("I10", `${offer} rang, and the log says that nobody was called (${outcome.how})`);
  }
}

function checkTold({ tornOffers }: Evidence, outcome: Outcome, report: Report): void {
  const silent = outcome.type === "CallLost" && outcome.how === "silence";
  if (silent && tornOffers?.has(outcome.offer) !== true)
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

const GONE_LOOKBACK_MS = 20_000;

/**
 * I3 rests on it: what a server holds is given up only if that server could not be heard, now or at some time since
 * it was offered (then a later run of it is heard, and the owner may learn of that much later).
 */
export function checkGone({ truth, tornOffers }: Evidence, history: History, report: Report): void {
  for (const { message, at } of history) {
    const gone =
      (message?.type === "CallLost" && message.how === "server-gone") ||
      (message?.type === "DispatchRejected" && message.reason === "server-gone");
    if (!gone || tornOffers?.has(message.offer) === true) continue;
    const since = Math.min(offeredAt(history, message.offer) ?? at, at - GONE_LOOKBACK_MS);
    const silent = truth.silences.some(
      ({ server, from, until }) => server === message.server && from <= at && until >= since,
    );
    if (!silent) report("I3", `${message.server} was declared gone while it could be heard`);
  }
}

function offeredAt(history: History, offer: OfferId): number | null {
  return history.find(({ message }) => message?.type === "Dispatched" && message.offer === offer)?.at ?? null;
}
