import { type Instant, instant, type Milliseconds, milliseconds } from "../../domain/kernel/time.ts";
import type { Clock } from "../../domain/ports/clock.ts";

/** Time that stands still until it is told to go on. */
export type VirtualClock = Clock & {
  /** Runs everything that falls due within `length`, in order, letting promises settle in between. */
  advance(length: number): Promise<void>;
  /** Lets promises settle without moving the clock, until `done` holds. Fails after many turns. */
  settle(done: () => boolean, what: string): Promise<void>;
};

const TURNS_MAX = 5_000;

/** One turn of the event loop: everything that is ready has run. */
function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

export function createVirtualClock(start: Instant): VirtualClock {
  let elapsed = 0;
  let order = 0;
  const timers = new Map<number, { readonly at: number; readonly action: () => void }>();

  function next(until: number): number | null {
    let found: number | null = null;
    for (const [id, { at }] of timers) {
      const best = found === null ? undefined : timers.get(found);
      if (at <= until && (best === undefined || at < best.at)) found = id;
    }
    return found;
  }

  return {
    now: () => instant(start + elapsed),
    monotonic: () => milliseconds(elapsed),
    schedule(delay: Milliseconds, action) {
      order += 1;
      const id = order;
      timers.set(id, { at: elapsed + Math.max(0, delay), action });
      return () => timers.delete(id);
    },
    async advance(length) {
      const until = elapsed + length;
      for (let round = 0; round < 3; round += 1) await turn();
      for (let id = next(until); id !== null; id = next(until)) {
        const timer = timers.get(id);
        timers.delete(id);
        elapsed = Math.max(elapsed, timer?.at ?? elapsed);
        timer?.action();
        for (let round = 0; round < 3; round += 1) await turn();
      }
      elapsed = until;
    },
    async settle(done, what) {
      for (let turns = 0; turns < TURNS_MAX; turns += 1) {
        if (done()) return;
        await turn();
      }
      throw new Error(`did not happen: ${what}`);
    },
  };
}
