/** The second copy of every Request's events, where a setting asks for one: fed beside the reports. */
import type { Config } from "../config.ts";
import type { AuditStore } from "../domain/ports/audit-store.ts";
import type { EventLog } from "../domain/ports/event-log.ts";
import type { OperatorLog } from "../domain/ports/operator-log.ts";
import { createAuditCopy } from "../services/audit/audit-copy.ts";
import { system } from "./system.ts";

export type RunningCopy = {
  readonly ended: Promise<void>;
  /** Events that the store refused, for health pages. */
  refused(): number;
  stop(): Promise<void>;
};

/** Null where no copy is asked for. A store that does not answer is tried again and again, and holds up nothing. */
export async function startAuditCopy(
  { audit }: Config,
  log: EventLog,
  operatorLog: OperatorLog,
): Promise<RunningCopy | null> {
  if (audit.store === null) return null;
  const store = await openStore(audit.store);
  const copy = createAuditCopy({ log, store, clock: system.clock, operatorLog });
  const failed = Promise.withResolvers<void>();
  failed.promise.catch(() => undefined);
  copy.ended.catch(failed.reject);
  copy.start().catch(failed.reject);
  return {
    ended: failed.promise,
    refused: copy.refused,
    async stop() {
      await copy.stop();
      await store.close();
    },
  };
}

async function openStore(where: NonNullable<Config["audit"]["store"]>): Promise<AuditStore> {
  if (where.kind === "file") {
    const { openSqliteAuditStore } = await import("../adapters/audit-store/sqlite/sqlite-audit-store.ts");
    return openSqliteAuditStore(where.path);
  }
  // Loaded where it is used: most installations have no EventStoreDB, and need no gRPC.
  const { openEventStoreDb } = await import(
    "../adapters/audit-store/eventstoredb/eventstoredb-audit-store.ts"
  );
  return openEventStoreDb(where.url);
}
