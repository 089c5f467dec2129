/**
 * From an event in the log to its row in the view: `node bench/report-lag.ts [requests]` prints one JSON line.
 *
 * Each Request's last call ends, the end is appended (durable, SQLite log), and the view is asked until the row is
 * there. Asking costs a few milliseconds itself, which the figures contain.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startOlapd } from "../adapters/analytics/chdb/start-olapd.ts";
import { createClickHouse } from "../adapters/analytics/clickhouse.ts";
import { createSqliteLog } from "../adapters/event-log/sqlite/sqlite-log.ts";
import { createSystemClock } from "../adapters/system/clock.ts";
import { createProjector } from "../services/projector.ts";
import { createDie, entriesOf, history } from "../test/projections/reports/sample-history.ts";

const REQUESTS_MAX = 2_000;
const POLLS_MAX = 2_000;
const requests = Math.min(Number(process.argv[2] ?? 100), REQUESTS_MAX);

const home = mkdtempSync(join(tmpdir(), "reveille-report-lag-"));
const operatorLog = { info: () => {}, warn: complain, error: complain };
const clock = createSystemClock();
const log = createSqliteLog({ path: join(home, "log.db"), clock, owner: "bench", operatorLog });
const olapd = await startOlapd({ directory: join(home, "analytics"), log: operatorLog });
const writer = createClickHouse({ url: olapd.url, ...olapd.writer });
const reader = createClickHouse({ url: olapd.url, ...olapd.reader });
const projector = createProjector({ log, analytics: writer, clock, operatorLog });
await projector.start();
await projector.caughtUp();

const lags: number[] = [];
const die = createDie(1);
for (let index = 0; index < requests; index += 1) {
  const entries = entriesOf(history(index, die));
  // Without the notice, which is no part of the Request's end.
  await log.append("events", entries.slice(0, -1));
  const from = performance.now();
  const calls = entries.filter(
    ({ message }) => message?.type === "CallCompleted" || message?.type === "CallLost",
  );
  await visible(entries[0]?.key ?? "", calls.length);
  lags.push(performance.now() - from);
}
await projector.stop();
await Promise.all([writer.close(), reader.close()]);
await olapd.stop();
await log.close();
rmSync(home, { recursive: true });

const sorted = lags.toSorted((a, b) => a - b);
const at = (share: number): number =>
  Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0);
process.stdout.write(
  `${JSON.stringify({ bench: "report-lag", requests, p50Ms: at(0.5), p99Ms: at(0.99), maxMs: at(1) })}\n`,
);

async function visible(request: string, calls: number): Promise<void> {
  for (let poll = 0; poll < POLLS_MAX; poll += 1) {
    const { rows } = await reader.query(
      "SELECT count() FROM reveille.v_calls WHERE request_id = {id:String}",
      {
        parameters: { id: request },
      },
    );
    if (Number(rows[0]?.[0]) === calls) return;
  }
  throw new Error("the row did not come");
}

function complain(what: string, facts?: unknown): void {
  process.stderr.write(`${what} ${JSON.stringify(facts)}\n`);
}
