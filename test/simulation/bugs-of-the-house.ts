/** Bugs of the ground that all roles stand on: what is durable, what time it is, which log this is. */
import { milliseconds } from "../../domain/kernel/time.ts";
import { AT_ONCE } from "./at-once.ts";
import type { Plant } from "./plant.ts";

const LOOK_MS = 1_000;

export const BUGS_OF_THE_HOUSE = {
  "a Sender is acknowledged before the log has the record": {
    log: (log, { role, timeline, life }) => ({
      ...log,
      append(topic, entries) {
        if (role !== "gateway") return log.append(topic, entries);
        void log.append(topic, entries).catch(() => undefined);
        return new Promise((resolve) => {
          timeline.at(1, life, () => resolve({ durable: AT_ONCE, positions: [] }));
        });
      },
    }),
  },
  "effects start on what is visible and not yet durable": {
    log: (log) => ({ ...log, durable: () => Promise.resolve(AT_ONCE) }),
    journal: (journal) => ({
      ...journal,
      put(key, body) {
        void journal.put(key, body);
        return Promise.resolve(AT_ONCE);
      },
    }),
  },
  "timers go by the wall clock": {
    clock: (clock) => ({
      ...clock,
      monotonic: () => milliseconds(clock.now()),
      schedule(delay, action) {
        let over = false;
        const due = clock.now() + delay;
        const look = (left: number): void => {
          clock.schedule(milliseconds(left), () => {
            if (over) return;
            if (clock.now() < due) look(LOOK_MS);
            else action();
          });
        };
        look(delay);
        return () => {
          over = true;
        };
      },
    }),
  },
  "a restored old log calls again who was called already": {
    memory: (memory) => ({ ...memory, read: () => [] }),
    journal: (journal) => ({
      ...journal,
      entries: () => new Map([...journal.entries()].filter(([key]) => !key.startsWith("seen/"))),
    }),
  },
} satisfies Record<string, Plant>;
