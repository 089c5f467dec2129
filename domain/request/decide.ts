/**
 * What becomes of a Request when something arrives: commands and facts in, past facts out. Pure; time, chance
 * and judgement are arguments. Every cause yields at least one event, if only `FactIgnored`, so that a record
 * without consequence is a fault that shows (invariant I14).
 */
import { assertNever } from "../kernel/assert-never.ts";
import type { Decision } from "../kernel/decision.ts";
import { accept, refuse } from "../kernel/decision.ts";
import {
  type OfferId,
  offerId,
  type RequestId,
  type SenderId,
  type ServerId,
} from "../kernel/identifiers.ts";
import { after, type Instant, type Milliseconds } from "../kernel/time.ts";
import { priorityOf } from "../schedule/priority.ts";
import type { RetryPlan } from "../schedule/retry.ts";
import { retryAfterCall, retryAfterLoss } from "../schedule/retry.ts";
import type { CallLost, CallStep } from "../session/call-step.ts";
import type { CallReported, OfferAnswer, SubmitRequest } from "./commands.ts";
import type { Judgement } from "./context.ts";
import type { CallEvent, DispatchRejectedReason, RequestEvent } from "./events.ts";
import { type CallingPhase, evolve, type OfferedPhase, type RequestState } from "./state.ts";

export type DispatchLimits = {
  /** How long a server may think about an offer. */
  readonly offerTtlMs: Milliseconds;
  /** N of L12: offers refused in a row before the Request fails. */
  readonly offerRefusalsMax: number;
  /** From a loss that may be repeated to the next call (O07). */
  readonly lostRetryMs: Milliseconds;
  /** How long a Request waits for a free line before that counts as a refusal (F08); null: till its deadline. */
  readonly lineWaitMs: Milliseconds | null;
};

type Queueable = Exclude<RequestState, { phase: "none" | "over" }>;

/** Where a judged Request goes now: refused, expired, scheduled or queued. */
function place(state: Queueable, judgement: Judgement, now: Instant): RequestEvent {
  const { verdicts, conclusion } = judgement;
  switch (conclusion.is) {
    case "refuse":
      if (conclusion.terminal === "expired") {
        return { type: "RequestExpired", at: now, attempts: state.calls, reason: conclusion.reason };
      }
      return { type: "PolicyRejected", at: now, verdicts };
    case "wait":
      return { type: "RequestScheduled", at: now, dueAt: conclusion.until, verdicts };
    case "allow":
      return { type: "RequestQueued", at: now, priority: priorityOf(state.terms), verdicts };
    default:
      return assertNever(conclusion);
  }
}

/** A new Request (L02–L05). "duplicate": the same id was taken before, which is no error. */
export function submit(
  state: RequestState,
  command: SubmitRequest,
  judgement: Judgement,
  now: Instant,
): Decision<RequestEvent, "duplicate"> {
  if (state.phase !== "none") return refuse("duplicate");
  const received: RequestEvent = {
    type: "RequestReceived",
    at: command.receivedAt,
    terms: command.terms,
    channel: command.channel,
    authentication: command.authentication,
    createdAt: command.createdAt,
    messageDigest: command.messageDigest,
  };
  const next = evolve(state, received);
  if (next.phase === "none" || next.phase === "over") return accept<RequestEvent>(received);
  const { notBefore } = command.terms;
  if (judgement.conclusion.is === "allow" && notBefore !== null && notBefore > now) {
    return accept<RequestEvent>(received, {
      type: "RequestScheduled",
      at: now,
      dueAt: notBefore,
      verdicts: judgement.verdicts,
    });
  }
  return accept<RequestEvent>(received, place(next, judgement, now));
}

/** Its time has come, or its window may have opened: judged again before it is queued. */
export function fallDue(
  state: RequestState,
  judgement: Judgement,
  now: Instant,
): Decision<RequestEvent, "not-scheduled" | "not-due"> {
  if (state.phase !== "scheduled") return refuse("not-scheduled");
  if (state.dueAt > now) return refuse("not-due");
  return accept<RequestEvent>(place(state, judgement, now));
}

export type Choice = { readonly server: ServerId; readonly requestId: RequestId };

/** Offers a queued Request to a server, unless policy now says otherwise (L07). */
export function dispatch(
  state: RequestState,
  choice: Choice,
  judgement: Judgement,
  limits: DispatchLimits,
  now: Instant,
): Decision<RequestEvent, "not-queued"> {
  if (state.phase !== "queued") return refuse("not-queued");
  if (judgement.conclusion.is !== "allow") return accept<RequestEvent>(place(state, judgement, now));
  return accept<RequestEvent>({
    type: "Dispatched",
    at: now,
    attempt: state.calls + 1,
    offer: offerId(choice.requestId, state.offers + 1),
    server: choice.server,
    expiresAt: after(now, limits.offerTtlMs),
    verdicts: judgement.verdicts,
    callBefore: judgement.conclusion.callBefore,
  });
}

/** What follows a refused or expired offer: back into the queue, or the end when N is used up (L11–L14). */
function afterRefusal(
  state: OfferedPhase,
  reason: DispatchRejectedReason,
  limits: DispatchLimits,
  now: Instant,
): readonly RequestEvent[] {
  const rejected: RequestEvent = {
    type: "DispatchRejected",
    at: now,
    attempt: state.attempt,
    offer: state.offer,
    server: state.server,
    reason,
  };
  if (state.cancelRequested) {
    return [rejected, { type: "RequestCancelled", at: now, attempts: state.calls }];
  }
  return [rejected, againOrFailed(state, "offers-exhausted", limits, now)];
}

/** After one refusal more: back into the queue, or failed when N is used up. */
function againOrFailed(
  state: Queueable,
  outcome: "offers-exhausted" | "no-line",
  limits: DispatchLimits,
  now: Instant,
): RequestEvent {
  if (state.refusals + 1 >= limits.offerRefusalsMax) {
    return { type: "RequestFailed", at: now, attempts: state.calls, outcome };
  }
  return { type: "RequestQueued", at: now, priority: priorityOf(state.terms), verdicts: [] };
}

/** No server had a free line for as long as a Request waits for one (F08): that counts as a refused offer. */
export function lineWaited(
  state: RequestState,
  waitedMs: Milliseconds,
  limits: DispatchLimits,
  now: Instant,
): Decision<RequestEvent, "not-queued" | "not-yet"> {
  if (state.phase !== "queued") return refuse("not-queued");
  if (limits.lineWaitMs === null || waitedMs < limits.lineWaitMs) return refuse("not-yet");
  return accept<RequestEvent>(
    { type: "LineWaitEnded", at: now, waitedMs },
    againOrFailed(state, "no-line", limits, now),
  );
}

/**
 * An offer's name may have been given twice: after a power failure the log may lack what it showed before, and the
 * same offer goes to another server. What the first one then remembers of it is not about this one.
 */
export function isAbout(
  { offer, server }: Pick<OfferedPhase | CallingPhase, "offer" | "server">,
  told: { readonly offer: OfferId; readonly server: ServerId },
): boolean {
  return offer === told.offer && server === told.server;
}

function ignored(fact: string, reason: string, now: Instant): RequestEvent {
  return { type: "FactIgnored", at: now, fact, reason };
}

/** A server's answer to an offer. Its yes is granted only while the offer stands and policy still allows. */
export function offerAnswered(
  state: RequestState,
  answer: OfferAnswer,
  judgement: Judgement | null,
  limits: DispatchLimits,
  now: Instant,
): readonly RequestEvent[] {
  if (state.phase === "calling" && isAbout(state, answer)) {
    return [ignored(answer.type, "already-granted", now)];
  }
  if (state.phase !== "offered" || !isAbout(state, answer)) {
    return [ignored(answer.type, state.phase === "over" ? "request-over" : "offer-not-open", now)];
  }
  if (answer.type === "OfferRejected") return afterRefusal(state, answer.reason, limits, now);
  if (state.expiresAt <= now) return [ignored(answer.type, "offer-expired", now)];
  if (judgement !== null && judgement.conclusion.is !== "allow") {
    const [rejected] = afterRefusal(state, "policy-changed", limits, now);
    return rejected === undefined ? [] : [rejected, place(state, judgement, now)];
  }
  return [
    {
      type: "Accepted",
      at: now,
      attempt: state.attempt,
      offer: state.offer,
      server: state.server,
      port: answer.port,
      runStartedAt: answer.runStartedAt,
    },
  ];
}

/** Nobody answered the offer in time. Safe to offer anew: without a grant no server may call. */
export function offerExpired(
  state: RequestState,
  offer: OfferId,
  limits: DispatchLimits,
  now: Instant,
): Decision<RequestEvent, "offer-not-open" | "not-expired"> {
  if (state.phase !== "offered" || state.offer !== offer) return refuse("offer-not-open");
  if (state.expiresAt > now) return refuse("not-expired");
  return accept<RequestEvent>(...afterRefusal(state, "offer-expired", limits, now));
}

/** A call that never left the house uses no attempt, so one that did may already have used the last. */
function exhausted(used: number, step: CallEvent, state: CallingPhase): boolean {
  if (step.type === "CallLost" && step.phase === "granted") return false;
  return used >= state.terms.maxAttempts;
}

function follow(
  state: CallingPhase,
  step: CallEvent,
  plan: RetryPlan,
  now: Instant,
): readonly RequestEvent[] {
  const next = evolve(state, step);
  if (next.phase !== "called") return [step];
  const attempts = next.calls;
  if (step.type === "CallCompleted" && step.outcome === "completed") {
    return [step, { type: "RequestCompleted", at: now, attempts, outcome: step.outcome }];
  }
  if (state.cancelRequested) return [step, { type: "RequestCancelled", at: now, attempts }];
  if (!plan.retry || exhausted(next.attemptsUsed, step, state)) {
    return [step, { type: "RequestFailed", at: now, attempts, outcome: next.lastOutcome }];
  }
  const dueAt = after(now, plan.delayMs);
  if (dueAt >= state.terms.notAfter) {
    return [step, { type: "RequestExpired", at: now, attempts, reason: next.lastOutcome }];
  }
  return [step, { type: "RetryScheduled", at: now, attempt: attempts + 1, dueAt, why: next.lastOutcome }];
}

function planAfter(state: CallingPhase, step: CallStep, limits: DispatchLimits): RetryPlan {
  if (step.type === "CallCompleted") return retryAfterCall(step.outcome, state.attempt);
  if (step.type === "CallLost") return retryAfterLoss(step.phase, state.terms, limits.lostRetryMs);
  return { retry: false };
}

/** A step of a call, as its server saw it. Duplicates and steps of another offer are kept as ignored. */
export function callReported(
  state: RequestState,
  fact: CallReported,
  limits: DispatchLimits,
  now: Instant,
): readonly RequestEvent[] {
  if (state.phase !== "calling" || !isAbout(state, fact)) {
    return [ignored(fact.step.type, state.phase === "over" ? "request-over" : "call-not-open", now)];
  }
  if (fact.factSeq <= state.factSeq) return [ignored(fact.step.type, "duplicate", now)];
  const step: CallEvent = {
    ...fact.step,
    attempt: state.attempt,
    offer: fact.offer,
    server: fact.server,
    factSeq: fact.factSeq,
  };
  return follow(state, step, planAfter(state, fact.step, limits), now);
}

/** The owner itself declares a call lost: its server is gone, or it is silent past every limit. */
function loseCall(
  state: CallingPhase,
  how: CallLost["how"],
  limits: DispatchLimits,
  now: Instant,
): readonly RequestEvent[] {
  // Without the server's journal we can't know that no INVITE left, and must not ring anyone twice on a guess.
  const phase = state.reached === "granted" ? "invited" : state.reached;
  const lost: CallLost = { type: "CallLost", at: now, phase, how };
  const step: CallEvent = {
    ...lost,
    attempt: state.attempt,
    offer: state.offer,
    server: state.server,
    factSeq: 0,
  };
  return follow(state, step, planAfter(state, lost, limits), now);
}

/** The server's load reports stopped, in the log's order. */
export function serverGone(
  state: RequestState,
  server: ServerId,
  limits: DispatchLimits,
  now: Instant,
): Decision<RequestEvent, "not-there"> {
  if (state.phase === "offered" && state.server === server) {
    return accept<RequestEvent>(...afterRefusal(state, "server-gone", limits, now));
  }
  if (state.phase === "calling" && state.server === server) {
    return accept<RequestEvent>(...loseCall(state, "server-gone", limits, now));
  }
  return refuse("not-there");
}

/** Longest that a granted call can take: placing, ringing, talking, and a margin for the report. */
const REPORT_GRACE_MS = 180_000;

export function silenceAt(state: CallingPhase): Instant {
  const { ringTimeoutMs, maxSessionMs } = state.terms;
  return (state.grantedAt + ringTimeoutMs + maxSessionMs + REPORT_GRACE_MS) as Instant;
}

/** The watchdog of a call (every Request ends): nobody reported its end within every limit. */
export function callSilent(
  state: RequestState,
  limits: DispatchLimits,
  now: Instant,
): Decision<RequestEvent, "not-calling" | "not-yet"> {
  if (state.phase !== "calling") return refuse("not-calling");
  if (silenceAt(state) > now) return refuse("not-yet");
  return accept<RequestEvent>(...loseCall(state, "silence", limits, now));
}

/** The binding deadline passed before a call was granted. */
export function expire(state: RequestState, now: Instant): Decision<RequestEvent, "not-waiting" | "not-yet"> {
  if (state.phase !== "scheduled" && state.phase !== "queued") return refuse("not-waiting");
  if (state.terms.notAfter > now) return refuse("not-yet");
  return accept<RequestEvent>({
    type: "RequestExpired",
    at: now,
    attempts: state.calls,
    reason: "deadline.passed",
  });
}

/** The Sender takes it back: at once while no call was granted, else by hanging up. */
export function cancel(
  state: RequestState,
  by: SenderId,
  now: Instant,
): Decision<RequestEvent, "not-found" | "over" | "already-requested"> {
  if (state.phase === "none") return refuse("not-found");
  if (state.phase === "over") return refuse("over");
  if (state.terms.sender !== by) return refuse("not-found");
  if (state.cancelRequested) return refuse("already-requested");
  return accept<RequestEvent>(...takenBack(state, by, now));
}

/** What taking a Request back means now, by whoever may; nothing where it is over or has been taken back already. */
export function takenBack(state: RequestState, by: SenderId, now: Instant): readonly RequestEvent[] {
  if (state.phase === "none" || state.phase === "over" || state.cancelRequested) return [];
  const requested: RequestEvent = { type: "CancelRequested", at: now, by };
  if (state.phase === "calling" || state.phase === "called") return [requested];
  return [requested, { type: "RequestCancelled", at: now, attempts: state.calls }];
}
