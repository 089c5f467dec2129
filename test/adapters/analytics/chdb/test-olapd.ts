import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Olapd } from "../../../../adapters/analytics/chdb/start-olapd.ts";
import { startOlapd } from "../../../../adapters/analytics/chdb/start-olapd.ts";
import { createClickHouse } from "../../../../adapters/analytics/clickhouse.ts";
import type { Analytics } from "../../../../domain/ports/analytics.ts";
import { schemaSql } from "../../../../projections/reports/tables.ts";
import { createFakeOperatorLog } from "../../../support/fake-operator-log.ts";

export type TestOlapd = {
  readonly olapd: Olapd;
  readonly writer: Analytics;
  readonly reader: Analytics;
  readonly directory: string;
  stop(): Promise<void>;
};

/** Null where the optional engine is not installed: the suite skips, visibly. */
export const CHDB_MISSING: string | null = ((): string | null => {
  try {
    createRequire(import.meta.url).resolve("chdb");
    return null;
  } catch {
    return "the optional package chdb is not installed on this machine";
  }
})();

export async function startTestOlapd(): Promise<TestOlapd> {
  const directory = mkdtempSync(join(tmpdir(), "reveille-olapd-"));
  const olapd = await startOlapd({ directory, log: createFakeOperatorLog() });
  const writer = createClickHouse({ url: olapd.url, ...olapd.writer });
  const reader = createClickHouse({ url: olapd.url, ...olapd.reader });
  await writer.define(schemaSql({ retentionDays: null }));
  return {
    olapd,
    writer,
    reader,
    directory,
    stop: async () => {
      await Promise.all([writer.close(), reader.close()]);
      await olapd.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
