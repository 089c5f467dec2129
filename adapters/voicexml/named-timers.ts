import { milliseconds } from "../../domain/kernel/time.ts";
import type { Clock } from "../../domain/ports/clock.ts";

/** The running timers of one dialog, by the number that the dialog gave them. */
export type NamedTimers = {
  set(id: number, afterMs: number, action: () => void): void;
  cancel(id: number): void;
  cancelAll(): void;
};

export function createNamedTimers(clock: Clock): NamedTimers {
  const running = new Map<number, () => void>();
  const cancel = (id: number): void => {
    running.get(id)?.();
    running.delete(id);
  };
  return {
    set(id, afterMs, action) {
      cancel(id);
      const stop = clock.schedule(milliseconds(afterMs), () => {
        running.delete(id);
        action();
      });
      running.set(id, stop);
    },
    cancel,
    cancelAll() {
      for (const id of Array.from(running.keys())) cancel(id);
    },
  };
}
