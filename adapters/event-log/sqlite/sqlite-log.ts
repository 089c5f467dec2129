import type { Clock } from "../../../domain/ports/clock.ts";
import type { EventLog } from "../../../domain/ports/event-log.ts";
import type { OperatorLog } from "../../../domain/ports/operator-log.ts";
import { logOverStore } from "../log-over-store.ts";
import { EMBEDDED_PARTITIONS } from "../partitions.ts";
import { startMaintenance } from "./maintenance-host.ts";
import { DEFAULT_RETENTION, type Retention } from "./retention.ts";
import { openSqliteStore } from "./sqlite-store.ts";

export type SqliteLogOptions = {
  /** The log's file, on a local disk. */
  readonly path: string;
  readonly clock: Clock;
  /** Unique among the processes that share the file, e.g. "dispatcher/4711". */
  readonly owner: string;
  readonly operatorLog: OperatorLog;
  /** After so long without a heartbeat another process takes the partitions. Default 3,000 ms. */
  readonly leaseMs?: number;
  /** Default: requests 30 days, offers one day, the rest for ever. */
  readonly retention?: Retention;
  /** False where another process on the machine maintains the file. Default true. */
  readonly maintain?: boolean;
};

const LEASE_MS = 3_000;

/** Opens the embedded log, making it where it is missing. Throws where the file is not one of ours. */
export function createSqliteLog(options: SqliteLogOptions): EventLog {
  const { path, clock, owner, operatorLog, leaseMs = LEASE_MS, retention = DEFAULT_RETENTION } = options;
  const counts = EMBEDDED_PARTITIONS;
  const onSyncFailure = (error: unknown): void => {
    operatorLog.error("the disk under the log failed to sync; the process ends", { error });
    process.abort();
  };
  const store = openSqliteStore({ path, counts, clock, operatorLog, onSyncFailure });
  const log = logOverStore({ store, counts, clock, owner, leaseMs, operatorLog });
  if (options.maintain === false) return log;
  const maintenance = startMaintenance({ path, counts, owner, retention }, operatorLog, onSyncFailure);
  return {
    ...log,
    async close() {
      await maintenance.stop();
      await log.close();
    },
  };
}
