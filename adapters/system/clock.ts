import { instant, milliseconds } from "../../domain/kernel/time.ts";
import type { Clock } from "../../domain/ports/clock.ts";

/** Longest delay that Node's timers take; a longer one would fire at once. */
const TIMER_MS_MAX = 2_147_483_647;

/** The machine's own time. */
export function createSystemClock(): Clock {
  return {
    now: () => instant(Date.now()),
    monotonic: () => milliseconds(performance.now()),
    schedule: (delay, action) => startTimer(Math.max(0, delay), action),
  };
}

/** A delay of more than 24 days runs in laps. Answers what cancels it. */
function startTimer(delayMs: number, action: () => void): () => void {
  const dueAt = performance.now() + delayMs;
  let timer = setTimeout(lap, Math.min(delayMs, TIMER_MS_MAX));
  function lap(): void {
    const leftMs = dueAt - performance.now();
    // Timers may fire up to a millisecond early: that is no reason for another lap.
    if (leftMs < 2) action();
    else timer = setTimeout(lap, Math.min(leftMs, TIMER_MS_MAX));
  }
  return () => clearTimeout(timer);
}
