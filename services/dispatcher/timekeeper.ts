/**
 * The alarms of a partition's Requests. Nothing is ever taken back: whoever hears an alarm looks at the present
 * state, and sees for itself whether there is still something to do.
 */
import type { RequestId } from "../../domain/kernel/identifiers.ts";
import { earliest, type Instant, type Milliseconds, milliseconds } from "../../domain/kernel/time.ts";
import { type DispatchLimits, silenceAt } from "../../domain/request/decide.ts";
import type { CallingPhase, OfferedPhase, QueuedPhase, RequestState } from "../../domain/request/state.ts";
import { offerPauseMs } from "../../domain/schedule/offer-pause.ts";
import { createTimerHeap } from "../../domain/schedule/timer-heap.ts";

export type TimekeeperPorts = {
  readonly rememberOverMs: number;
  readonly limits: (state: RequestState) => DispatchLimits;
  readonly steadyNow: () => Instant;
};

export type Timekeeper = {
  /** Sets the alarms that this state calls for. */
  arm(request: RequestId, state: RequestState): void;
  /** Sets one more, in so many milliseconds. */
  lookIn(request: RequestId, waitMs: number): void;
  /** The next whose time has come, its alarm removed; null: none is due. */
  popDue(now: Instant): RequestId | null;
  /** How long this desk has watched a Request wait for a line, an offer for its answer, or a call for its end. */
  watchedMs(request: RequestId): Milliseconds;
  /** Whether what is over has been remembered for long enough. */
  isOld(state: Extract<RequestState, { phase: "over" }>, now: Instant): boolean;
  /** Of the next alarm; null: none is set. */
  next(now: Instant): Instant | null;
};

/** How long a call may go unreported, all told. */
export function silenceMs(state: CallingPhase): Milliseconds {
  return milliseconds(silenceAt(state) - state.grantedAt);
}

/** How long an offer may go unanswered. */
export function answerMs(state: OfferedPhase): Milliseconds {
  return milliseconds(state.expiresAt - state.offeredAt);
}

export function createTimekeeper({ rememberOverMs, limits, steadyNow }: TimekeeperPorts): Timekeeper {
  /** By the wall clock: what was agreed with people. */
  const dates = createTimerHeap<RequestId>();
  /** By the steady clock: what waits for an answer, or for a line. */
  const waits = createTimerHeap<RequestId>();
  // The instants of the log come from other machines' clocks, and any wall clock may step. So a desk counts for
  // itself how long it has watched each wait.
  const watched = new Map<RequestId, { readonly since: Instant; readonly begun: Instant }>();

  const forgottenAt = ({ overAt }: { overAt: Instant }): Instant => (overAt + rememberOverMs) as Instant;

  function watch(request: RequestId, begun: Instant, waitsMs: readonly number[]): void {
    if (watched.get(request)?.begun !== begun) watched.set(request, { since: steadyNow(), begun });
    for (const waitMs of waitsMs) waits.push((steadyNow() + waitMs) as Instant, request);
  }

  function armQueued(request: RequestId, state: QueuedPhase): void {
    const { lineWaitMs } = limits(state);
    const pauseMs = offerPauseMs(state.refusals);
    dates.push(state.terms.notAfter, request);
    watch(
      request,
      state.queuedAt,
      [pauseMs, lineWaitMs ?? 0].filter((waitMs) => waitMs > 0),
    );
  }

  return {
    arm(request, state) {
      switch (state.phase) {
        case "queued":
          return armQueued(request, state);
        case "offered":
          return watch(request, state.offeredAt, [answerMs(state)]);
        case "calling":
          return watch(request, state.grantedAt, [silenceMs(state)]);
        case "scheduled":
          watched.delete(request);
          return dates.push(earliest(state.dueAt, state.terms.notAfter), request);
        case "over":
          watched.delete(request);
          return dates.push(forgottenAt(state), request);
        default:
          watched.delete(request);
      }
    },
    lookIn: (request, waitMs) => waits.push((steadyNow() + waitMs) as Instant, request),
    popDue: (now) => dates.popDue(now) ?? waits.popDue(steadyNow()),
    watchedMs: (request) => milliseconds(steadyNow() - (watched.get(request)?.since ?? steadyNow())),
    isOld: (state, now) => forgottenAt(state) <= now,
    next(now) {
      const [date, wait] = [dates.next(), waits.next()];
      const waitAt = wait === null ? null : ((now + wait - steadyNow()) as Instant);
      return date === null || waitAt === null ? (date ?? waitAt) : earliest(date, waitAt);
    },
  };
}
