/** What becomes of the Requests whose time has come. */
import type { RequestId } from "../../domain/kernel/identifiers.ts";
import { type Instant, latest } from "../../domain/kernel/time.ts";
import {
  callSilent,
  type DispatchLimits,
  expire,
  fallDue,
  lineWaited,
  offerExpired,
  silenceAt,
} from "../../domain/request/decide.ts";
import type { RequestEvent } from "../../domain/request/events.ts";
import type { CallingPhase, OfferedPhase, QueuedPhase, RequestState } from "../../domain/request/state.ts";
import { offerPauseMs } from "../../domain/schedule/offer-pause.ts";
import type { Book } from "./book.ts";
import type { Judge } from "./judge.ts";
import { BY_TIMER } from "./ledger.ts";
import type { Pen } from "./pen.ts";
import { answerMs, silenceMs, type Timekeeper } from "./timekeeper.ts";
import type { WaitingLine } from "./waiting-line.ts";

export type DuePorts = {
  readonly book: Book;
  readonly pen: Pen;
  readonly judge: Judge;
  readonly times: Timekeeper;
  readonly line: WaitingLine;
  readonly limits: (state: RequestState) => DispatchLimits;
};

/** Alarms handled at once; the rest come at the next look, so that inputs are never kept waiting for long. */
const ALARMS_AT_ONCE_MAX = 5_000;

/** Handles the alarms that are due. */
export function handleDue(ports: DuePorts, now: Instant): void {
  for (let handled = 0; handled < ALARMS_AT_ONCE_MAX; handled += 1) {
    const request = ports.times.popDue(now);
    if (request === null) return;
    onTime(ports, request, now);
  }
}

function onTime(ports: DuePorts, request: RequestId, now: Instant): void {
  const { book, pen, times } = ports;
  const state = book.stateOf(request);
  if (state.phase === "over") {
    if (times.isOld(state, now)) book.forget(request);
    return;
  }
  pen.write(request, decide(ports, request, state, now), BY_TIMER, now);
}

/** Nothing, where the alarm was set by an earlier phase. */
function decide(
  ports: DuePorts,
  request: RequestId,
  state: RequestState,
  now: Instant,
): readonly RequestEvent[] {
  const { book, judge } = ports;
  switch (state.phase) {
    case "scheduled": {
      if (state.terms.notAfter <= now) return eventsOf(expire(state, now));
      if (state.dueAt > now) return [];
      const judgement = judge.judge(state.terms, book.customer(state.terms.customer), null, now);
      return eventsOf(fallDue(state, judgement, now));
    }
    case "queued":
      return waited(ports, request, state, now);
    case "offered":
      return unanswered(ports, request, state, now);
    case "calling":
      return silent(ports, request, state, now);
    default:
      return [];
  }
}

/** Its server has not answered an offer for as long as it had. */
function unanswered(
  { times, limits }: DuePorts,
  request: RequestId,
  state: OfferedPhase,
  now: Instant,
): readonly RequestEvent[] {
  const left = answerMs(state) - times.watchedMs(request);
  if (left <= 0)
    return eventsOf(offerExpired(state, state.offer, limits(state), latest(now, state.expiresAt)));
  times.lookIn(request, left);
  return [];
}

/** Nobody has told the end of a call for as long as any call can last. */
function silent(
  { times, limits }: DuePorts,
  request: RequestId,
  state: CallingPhase,
  now: Instant,
): readonly RequestEvent[] {
  const left = silenceMs(state) - times.watchedMs(request);
  if (left <= 0) return eventsOf(callSilent(state, limits(state), latest(now, silenceAt(state))));
  times.lookIn(request, left);
  return [];
}

/** It expires, has waited for a free line long enough, or may be offered again after a refusal. */
function waited(
  { book, line, limits, times }: DuePorts,
  request: RequestId,
  state: QueuedPhase,
  now: Instant,
): readonly RequestEvent[] {
  if (state.terms.notAfter <= now) return eventsOf(expire(state, now));
  const waitedMs = times.watchedMs(request);
  const pauseLeft = offerPauseMs(state.refusals) - waitedMs;
  if (pauseLeft > 0) times.lookIn(request, pauseLeft);
  else line.enqueue(request);
  const { lineWaitMs } = limits(state);
  if (lineWaitMs === null || pauseLeft > 0) return [];
  const lineLeft = lineWaitMs - waitedMs;
  // Where its Customer's own line is taken it lacks no line of ours.
  const isCustomerBusy = book.customer(state.terms.customer).busyWith.length > 0;
  if (lineLeft <= 0 && !isCustomerBusy) return eventsOf(lineWaited(state, waitedMs, limits(state), now));
  times.lookIn(request, lineLeft > 0 ? lineLeft : lineWaitMs);
  return [];
}

function eventsOf(
  decision: { readonly ok: true; readonly events: readonly RequestEvent[] } | { readonly ok: false },
): readonly RequestEvent[] {
  return decision.ok ? decision.events : [];
}
