/**
 * Due times, earliest first. Nothing is ever taken out of the middle: whoever pops a timer looks at the present
 * state and sees for itself whether there is still something to do.
 */
import type { Instant } from "../kernel/time.ts";
import { createHeap } from "./heap.ts";

export type TimerHeap<T> = {
  push(at: Instant, what: T): void;
  /** The earliest whose time has come, removed; null when none is due. */
  popDue(now: Instant): T | null;
  next(): Instant | null;
};

export function createTimerHeap<T>(): TimerHeap<T> {
  let armed = 0;
  const heap = createHeap<{ readonly at: Instant; readonly order: number; readonly what: T }>((a, b) =>
    a.at === b.at ? a.order < b.order : a.at < b.at,
  );
  return {
    push(at, what) {
      armed += 1;
      heap.push({ at, order: armed, what });
    },
    popDue(now) {
      const first = heap.peek();
      if (first === null || first.at > now) return null;
      heap.pop();
      return first.what;
    },
    next: () => heap.peek()?.at ?? null,
  };
}
