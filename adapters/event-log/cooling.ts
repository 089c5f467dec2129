/** How long a partition rests between a task that failed and the next one that is made for it. */
import { type Milliseconds, milliseconds } from "../../domain/kernel/time.ts";

/** A task that fails at once, again and again, is taken up ever less often, to this limit. */
export const COOLING_MS_MAX = 5_000;
const COOLING_MS_FIRST = 50;
const DOUBLINGS_MAX = 10;

/** In a row, this one included: one that has committed was well for a while, and the row starts anew. */
export function failuresInRow(before: number, end: { readonly committed: boolean }): number {
  return end.committed ? 1 : before + 1;
}

export function coolingAfter(failures: number): Milliseconds {
  return milliseconds(Math.min(COOLING_MS_MAX, COOLING_MS_FIRST * 2 ** Math.min(failures, DOUBLINGS_MAX)));
}
