import type { Instant } from "../../domain/kernel/time.ts";
import type { Clock } from "../../domain/ports/clock.ts";
import type { Durable } from "../../domain/ports/durable.ts";
import type { OperatorLog } from "../../domain/ports/operator-log.ts";
import type { LogStore } from "./log-store.ts";
import type { PartitionCounts } from "./partitions.ts";

/** What a log's parts share. */
export type Wiring = {
  readonly store: LogStore;
  readonly counts: PartitionCounts;
  readonly clock: Clock;
  /** Names this process in marks and leases; unique among the processes that share the log. */
  readonly owner: string;
  readonly leaseMs: number;
  readonly operatorLog: OperatorLog;
};

/** The one place that makes the proof: call it only after the store's `durable` has resolved. */
export function provenDurable(at: Instant): Durable {
  return { at } as Durable;
}
