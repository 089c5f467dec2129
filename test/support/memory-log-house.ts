import { createMemoryLog } from "../../adapters/event-log/memory/memory-log.ts";
import { createMemoryStore } from "../../adapters/event-log/memory/memory-store.ts";
import type { EventLog } from "../../domain/ports/event-log.ts";
import { createFreezableClock } from "../contract/event-log-clock.ts";
import type { LogHouse } from "../contract/log-house.ts";

/** Logs over one store in memory, as of several processes. */
export async function makeMemoryHouse(): Promise<LogHouse> {
  const store = createMemoryStore(createFreezableClock());
  const logs: EventLog[] = [];
  return {
    open(owner) {
      const clock = createFreezableClock();
      const log = createMemoryLog({ clock, owner, store, leaseMs: 300 });
      logs.push(log);
      return { log, freeze: clock.freeze };
    },
    async plantGarbage(topic, partition) {
      await store.append([
        { topic, partition, key: "garbage", value: Buffer.from("garbage"), envelope: "{" },
      ]);
    },
    compact: async () => store.compact(),
    async close() {
      await Promise.all(logs.map((log) => log.close()));
    },
  };
}
