import type { Instant, Milliseconds } from "../kernel/time.ts";

/** Time as the services see it; the simulator and the tests drive a virtual one. */
export interface Clock {
  /** Wall clock: schedules, quiet hours, signature windows. May step. */
  now(): Instant;
  /** Monotonic: timers and durations. Never steps; its zero means nothing. */
  monotonic(): Milliseconds;
  /** Runs `action` once after `delay` of monotonic time; the answer cancels it. */
  schedule(delay: Milliseconds, action: () => void): () => void;
}
