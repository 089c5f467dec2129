/** Whether and when to call again, by what became of the last call. Delays run from the end of that call. */
import { HOUR_MS, MINUTE_MS, type Milliseconds, milliseconds, SECOND_MS } from "../kernel/time.ts";
import type { RequestTerms } from "../request/terms.ts";
import type { LostPhase } from "../session/call-step.ts";
import type { CallOutcome } from "../session/outcome.ts";

export type RetryPlan = { readonly retry: false } | { readonly retry: true; readonly delayMs: Milliseconds };

const NEVER: RetryPlan = { retry: false };

/**
 * Milliseconds until the next call; null: never again for this Request. Busy and unanswered lines are tried
 * again, a person's no and a number that is none are final, and an answered call is never repeated for the
 * document's sake: calling again would repeat the error.
 */
const DELAY_MS: Readonly<Record<CallOutcome, number | null>> = {
  completed: null,
  machine: null,
  "answered-unknown": null,
  "session-failed": null,
  "no-answer": 5 * MINUTE_MS,
  busy: 2 * MINUTE_MS,
  declined: null,
  unwanted: null,
  unreachable: HOUR_MS,
  "invalid-number": null,
  blocked: null,
  "trunk-failed": 10 * SECOND_MS,
  throttled: 30 * SECOND_MS,
  "media-failed": null,
  cancelled: null,
  "too-late": SECOND_MS,
};

/** Network failures do not use attempts, so they need a bound of their own. */
export const CALLS_PER_REQUEST_MAX = 20;

/** After a call that its server saw through. `calls` is the number of the call that just ended. */
export function retryAfterCall(outcome: CallOutcome, calls: number): RetryPlan {
  const delay = DELAY_MS[outcome];
  if (delay === null || calls >= CALLS_PER_REQUEST_MAX) return NEVER;
  return { retry: true, delayMs: milliseconds(delay) };
}

/**
 * After a call that nobody saw the end of. No INVITE left: again, since no telephone rang. INVITE left, no
 * answer known: enhanced service only. Answered: only if the Sender asked for it, because somebody who already
 * heard the message would hear it twice. `lostRetryMs` is the Receiver's interval (O07).
 */
export function retryAfterLoss(
  phase: LostPhase,
  terms: Pick<RequestTerms, "serviceLevel" | "onLost">,
  lostRetryMs: Milliseconds,
): RetryPlan {
  const again: RetryPlan = { retry: true, delayMs: lostRetryMs };
  if (phase === "granted") return { retry: true, delayMs: milliseconds(SECOND_MS) };
  if (phase === "invited")
    return terms.serviceLevel === "enhanced" || terms.onLost === "retry" ? again : NEVER;
  return terms.onLost === "retry" ? again : NEVER;
}
