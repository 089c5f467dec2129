import type { Clock } from "../../../domain/ports/clock.ts";
import type { EventLog } from "../../../domain/ports/event-log.ts";
import type { OperatorLog } from "../../../domain/ports/operator-log.ts";
import { logOverStore } from "../log-over-store.ts";
import { EMBEDDED_PARTITIONS } from "../partitions.ts";
import { createMemoryStore, type MemoryStore } from "./memory-store.ts";

export type MemoryLogOptions = {
  readonly clock: Clock;
  /** Names this "process"; unique among the logs that share a store. Default "memory". */
  readonly owner?: string;
  /** Shared by logs that are to meet; a new one unless given. */
  readonly store?: MemoryStore;
  /** Default 3,000 ms. */
  readonly leaseMs?: number;
  readonly operatorLog?: OperatorLog;
};

const SILENT: OperatorLog = { info: () => undefined, warn: () => undefined, error: () => undefined };

/** A log that forgets everything at the end of the process: its `Durable` proves nothing. */
export function createMemoryLog(options: MemoryLogOptions): EventLog {
  const { clock, owner = "memory", leaseMs = 3_000, operatorLog = SILENT } = options;
  const store = options.store ?? createMemoryStore(clock);
  return logOverStore({ store, counts: EMBEDDED_PARTITIONS, clock, owner, leaseMs, operatorLog });
}
