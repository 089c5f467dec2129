import { instant, milliseconds } from "../../domain/kernel/time.ts";
import type { Clock } from "../../domain/ports/clock.ts";

export type FreezableClock = Clock & {
  /** From now on time stands still and no timer fires: a process that was stopped. */
  readonly freeze: () => void;
};

/** The machine's clock, which tests of leases can stop. */
export function createFreezableClock(): FreezableClock {
  const timers = new Set<NodeJS.Timeout>();
  let frozenAt: number | null = null;
  return {
    now: () => instant(frozenAt ?? Date.now()),
    monotonic: () => milliseconds(frozenAt ?? Math.round(performance.now())),
    schedule(delay, action) {
      if (frozenAt !== null) return () => undefined;
      const timer = setTimeout(() => {
        timers.delete(timer);
        action();
      }, delay);
      timers.add(timer);
      return () => {
        timers.delete(timer);
        clearTimeout(timer);
      };
    },
    freeze() {
      frozenAt = Date.now();
      for (const timer of timers) clearTimeout(timer);
      timers.clear();
    },
  };
}
