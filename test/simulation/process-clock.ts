import { instant, type Milliseconds, milliseconds } from "../../domain/kernel/time.ts";
import type { Clock } from "../../domain/ports/clock.ts";
import { type Incarnation, START } from "./incarnation.ts";
import type { Timeline } from "./timeline.ts";

/** The clocks that a process sees: its own wall clock, which may step, and a monotonic one. */
export function clockOf(timeline: Timeline, life: Incarnation): Clock {
  return {
    now: () => instant(START + timeline.now() + life.wallOffsetMs),
    monotonic: () => milliseconds(timeline.now()),
    schedule: (delay: Milliseconds, action) => timeline.at(delay, life, action),
  };
}
