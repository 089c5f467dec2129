/**
 * How an audit asks the tables of the reports: a ClickHouse server itself, or the reporting role, which alone may
 * open the embedded engine's folder.
 */
import { createClickHouse } from "../adapters/analytics/clickhouse.ts";
import { askSql } from "../adapters/cli/sql-client.ts";
import type { Config } from "../config.ts";
import type { Value } from "../domain/ports/analytics.ts";
import type { AskTables } from "../services/audit/report-check.ts";

export function openTables(config: Config): { readonly ask: AskTables; close(): Promise<void> } {
  const { analytics, analyticsAccount } = config.reporting;
  if (analytics === "embedded") {
    return { ask: (sql) => askReporting(config, sql), close: () => Promise.resolve() };
  }
  const server = createClickHouse({ url: analytics, ...analyticsAccount });
  return { ask: async (sql) => (await server.query(sql)).rows, close: () => server.close() };
}

async function askReporting({ client }: Config, sql: string): Promise<readonly (readonly Value[])[]> {
  const answer = await askSql({ url: client.reports, token: client.reportToken, sql, format: "json" });
  return (JSON.parse(answer) as { readonly rows: readonly (readonly Value[])[] }).rows;
}
