/**
 * After a refusal the Request is offered elsewhere at once; after the next ones it waits a little, longer each
 * time. Load reports are up to a second old, and asking on and on would use up all the offers that a Request may
 * have refused before the reports say why.
 */
import { type Milliseconds, milliseconds } from "../kernel/time.ts";

const PAUSE_FIRST_MS = 200;
const PAUSE_MS_MAX = 5_000;

/** Milliseconds between the last of so many refusals in a row and the next offer: 0, 0, 200, 400, 800 … 5,000. */
export function offerPauseMs(refusals: number): Milliseconds {
  if (refusals < 2) return milliseconds(0);
  return milliseconds(Math.min(PAUSE_MS_MAX, PAUSE_FIRST_MS * 2 ** Math.min(refusals - 2, 10)));
}
