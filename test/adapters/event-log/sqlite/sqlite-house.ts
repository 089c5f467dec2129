import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { LogStore } from "../../../../adapters/event-log/log-store.ts";
import { COMPACTED_TOPICS, EMBEDDED_PARTITIONS } from "../../../../adapters/event-log/partitions.ts";
import { compactPartition } from "../../../../adapters/event-log/sqlite/compaction.ts";
import { openConnection } from "../../../../adapters/event-log/sqlite/connection.ts";
import { createSqliteLog } from "../../../../adapters/event-log/sqlite/sqlite-log.ts";
import { openSqliteStore } from "../../../../adapters/event-log/sqlite/sqlite-store.ts";
import { instant } from "../../../../domain/kernel/time.ts";
import type { EventLog } from "../../../../domain/ports/event-log.ts";
import type { OperatorLog } from "../../../../domain/ports/operator-log.ts";
import { createFreezableClock } from "../../../contract/event-log-clock.ts";
import type { LogHouse } from "../../../contract/log-house.ts";

export const SILENT_LOG: OperatorLog = {
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};
/** Where it stands is all that matters of it. */
export const EMPTY_RECORD = { key: "k", value: null, envelope: "[]" } as const;
export const TEST_LEASE_MS = 400;

export type SqliteHouse = LogHouse & { readonly path: string; openStore(): LogStore };

/** A log in a folder of its own, which goes with it; or one that is there already, which stays. */
export function makeSqliteHouse(existing?: string): SqliteHouse {
  const folder = existing === undefined ? mkdtempSync(join(tmpdir(), "reveille-log-")) : null;
  const path = existing ?? join(folder ?? "", "log.db");
  const logs: EventLog[] = [];
  const openStore = (): LogStore =>
    openSqliteStore({
      path,
      counts: EMBEDDED_PARTITIONS,
      clock: createFreezableClock(),
      operatorLog: SILENT_LOG,
      onSyncFailure: () => process.abort(),
    });
  return {
    path,
    openStore,
    open(owner) {
      const clock = createFreezableClock();
      const options = {
        path,
        clock,
        owner,
        operatorLog: SILENT_LOG,
        leaseMs: TEST_LEASE_MS,
        maintain: false,
      };
      const log = createSqliteLog(options);
      logs.push(log);
      return { log, freeze: clock.freeze };
    },
    async plantGarbage(topic, partition) {
      const store = openStore();
      const value = Buffer.from([0, 0, 0, 0, 1, 0xff]);
      await store.append([{ topic, partition, key: "garbage", value, envelope: "{" }]);
      await store.close();
    },
    async compact() {
      const db = openConnection(path, EMBEDDED_PARTITIONS);
      // Twice: a tombstone outlives what it deleted by one pass.
      for (const topic of [...COMPACTED_TOPICS, ...COMPACTED_TOPICS]) {
        for (let partition = 0; partition < EMBEDDED_PARTITIONS[topic]; partition += 1) {
          const tombstonesBefore = instant(Number.MAX_SAFE_INTEGER);
          compactPartition(db, topic, partition, { from: 0, tombstonesBefore });
        }
      }
      db.close();
    },
    async close() {
      await Promise.all(logs.map((log) => log.close()));
      if (folder !== null) rmSync(folder, { recursive: true });
    },
  };
}
