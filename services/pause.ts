import type { Milliseconds } from "../domain/kernel/time.ts";
import type { Clock } from "../domain/ports/clock.ts";

/** Resolves after `length`, or at once when it is told to stop. */
export function pause(clock: Clock, length: Milliseconds, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const over = (): void => {
      cancel();
      signal.removeEventListener("abort", over);
      resolve();
    };
    const cancel = clock.schedule(length, over);
    signal.addEventListener("abort", over, { once: true });
  });
}
