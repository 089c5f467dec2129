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
import { printBench } from "./bench-line.ts";
import { percentile } from "./percentile.ts";

const REQUESTS_MAX = 2_000;
const POLLS_MAX = 2_000;
/** On a slow machine fewer Requests are measured, and the figures say how many. */
const MEASURED_MS_MAX = 30_000;
const QUESTIONS = 20;
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
const endMs = performance.now() + MEASURED_MS_MAX;
for (let index = 0; index < requests && performance.now() < endMs; index += 1) {
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
const questions: number[] = [];
for (let index = 0; index < QUESTIONS; index += 1) {
  const from = performance.now();
  await rowsOf("nobody");
  questions.push(performance.now() - from);
}
await projector.stop();
await Promise.all([writer.close(), reader.close()]);
await olapd.stop();
await log.close();
rmSync(home, { recursive: true });

printBench({
  name: "report-lag",
  figures: {
    requests: lags.length,
    p50Ms: percentile(lags, 0.5),
    p99Ms: percentile(lags, 0.99),
    maxMs: percentile(lags, 1),
    emptyQueryP50Ms: percentile(questions, 0.5),
  },
  ratio: percentile(questions, 0.5) / percentile(lags, 0.5),
  against: "one question to the view / from the event in the log to its row in the view, p50",
  goals: [{ figure: "p99Ms", atMost: 1_000 }],
  command: "node bench/report-lag.ts",
});

async function visible(request: string, calls: number): Promise<void> {
  for (let poll = 0; poll < POLLS_MAX; poll += 1) if ((await rowsOf(request)) === calls) return;
  throw new Error("the row did not come");
}

async function rowsOf(request: string): Promise<number> {
  const { rows } = await reader.query("SELECT count() FROM reveille.v_calls WHERE request_id = {id:String}", {
    parameters: { id: request },
  });
  return Number(rows[0]?.[0]);
}

function complain(what: string, facts?: unknown): void {
  process.stderr.write(`${what} ${JSON.stringify(facts)}\n`);
}
