/** The reporting role: the tables, and the pages and queries over them. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { startOlapd } from "../adapters/analytics/chdb/start-olapd.ts";
import { createClickHouse } from "../adapters/analytics/clickhouse.ts";
import { createSqlGate } from "../adapters/analytics/gate/sql-gate.ts";
import { type ReportAccess, tokenHash } from "../adapters/reports/access.ts";
import { createReportServer } from "../adapters/reports/server.ts";
import { createZoneClock } from "../adapters/system/zone-clock.ts";
import type { Config } from "../config.ts";
import type { OperatorLog } from "../domain/ports/operator-log.ts";
import { PUBLIC_VIEWS } from "../projections/reports/tables.ts";
import { createCauseMonitor } from "../services/cause-monitor.ts";
import { startProjection } from "../services/projection-recovery.ts";
import { createProjector } from "../services/projector.ts";
import { createReporting } from "../services/reporting.ts";
import { startAuditCopy } from "./audit-copy.ts";
import { openLog } from "./event-log.ts";
import type { Role, TellWaiting } from "./role.ts";
import { system } from "./system.ts";

export async function startReporting(
  config: Config,
  operatorLog: OperatorLog,
  tellWaiting?: TellWaiting,
): Promise<Role> {
  const { clock, chance } = system;
  mkdirSync(config.dataFolder, { recursive: true, mode: 0o700 });
  // Without the keyring: here nothing sealed is ever opened.
  const log = await openLog(config, "reporting", operatorLog, tellWaiting);
  const embedded =
    config.reporting.analytics === "embedded"
      ? await startOlapd({ directory: join(config.dataFolder, "analytics"), log: operatorLog })
      : null;
  const url = embedded?.url ?? config.reporting.analytics;
  const server = config.reporting.analyticsAccount;
  const writer = createClickHouse({ url, ...(embedded?.writer ?? server) });
  const reader = createClickHouse({ url, ...(embedded?.reader ?? server) });
  const projector = createProjector({ log, analytics: writer, clock, operatorLog });
  // Not awaited: with a ClickHouse server that is down the pages open all the same, and say how far they lag.
  const failed = Promise.withResolvers<void>();
  failed.promise.catch(() => undefined);
  startProjection({ log, analytics: writer, projector, clock, chance, operatorLog }).catch(failed.reject);
  const causes = createCauseMonitor({ log, clock, operatorLog });
  causes.start();
  causes.ended.catch(failed.reject);
  const copy = await startAuditCopy(config, log, operatorLog);
  copy?.ended.catch(failed.reject);
  const reports = createReporting({
    analytics: reader,
    gate: createSqlGate(reader, PUBLIC_VIEWS),
    clock,
    zones: createZoneClock(),
    lag: () => projector.lag(),
  });
  const pages = createReportServer({
    reports,
    listen: config.reporting.http,
    access: reportAccess(config.reporting.token),
    log: operatorLog,
  });
  const { port } = await pages.start();
  return {
    listens: { reports: `${config.reporting.http.host}:${port}` },
    figures: () => ({
      causes: causes.figures(),
      ...(copy === null ? {} : { copyRefused: copy.refused() }),
    }),
    ended: failed.promise,
    // A report can be asked for again.
    drain: () => Promise.resolve(),
    async stop() {
      await pages.stop();
      await causes.stop();
      await projector.stop();
      await copy?.stop();
      await Promise.all([writer.close(), reader.close()]);
      await embedded?.stop();
      await log.close();
    },
  };
}

/** One token reads everything; without one only this machine does. */
function reportAccess(token: string | null): ReportAccess {
  if (token === null) return { kind: "open" };
  return { kind: "tokens", readers: new Map([[tokenHash(token), { kind: "receiver" }]]) };
}
