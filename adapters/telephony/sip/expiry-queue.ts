import { type Milliseconds, milliseconds } from "../../../domain/kernel/time.ts";
import type { Clock } from "../../../domain/ports/clock.ts";

/** Things that are all forgotten after the same time: one timer for the oldest, instead of one for each. */
export type ExpiryQueue<Thing> = {
  add(thing: Thing): void;
  clear(): void;
};

/** Above it the oldest go before their time. */
export const EXPIRING_MAX = 131_072;
/** The timer waits a little longer than the oldest needs, so that it takes a whole crowd with it. */
const CROWD_MS = 250;

export function createExpiryQueue<Thing>(
  clock: Clock,
  keptMs: Milliseconds,
  onExpired: (thing: Thing) => void,
): ExpiryQueue<Thing> {
  let queue: { readonly thing: Thing; readonly expiresAt: number }[] = [];
  let first = 0;
  let cancel: (() => void) | null = null;

  function expireFirst(): void {
    const oldest = queue[first];
    first += 1;
    if (oldest !== undefined) onExpired(oldest.thing);
    // What lies before `first` is garbage; it goes when it is most of the queue.
    if (first > 1_024 && first * 2 > queue.length) {
      queue = queue.slice(first);
      first = 0;
    }
  }

  function run(): void {
    cancel = null;
    const now = clock.monotonic();
    while (first < queue.length && (queue[first]?.expiresAt ?? 0) <= now) expireFirst();
    wait();
  }

  function wait(): void {
    const oldest = queue[first];
    if (oldest === undefined) {
      queue = [];
      first = 0;
      return;
    }
    const inMs = Math.max(0, oldest.expiresAt - clock.monotonic());
    cancel = clock.schedule(milliseconds(Math.ceil(inMs) + CROWD_MS), run);
  }

  return {
    add(thing) {
      if (queue.length - first >= EXPIRING_MAX) expireFirst();
      queue.push({ thing, expiresAt: clock.monotonic() + keptMs });
      if (cancel === null) wait();
    },
    clear() {
      cancel?.();
      cancel = null;
      queue = [];
      first = 0;
    },
  };
}
