/** The tables of the reports, held against the log they were made from. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createSqlGate } from "../../../adapters/analytics/gate/sql-gate.ts";
import { createMemoryLog } from "../../../adapters/event-log/memory/memory-log.ts";
import { createSystemClock } from "../../../adapters/system/clock.ts";
import { milliseconds } from "../../../domain/kernel/time.ts";
import { valueText } from "../../../domain/ports/analytics.ts";
import type { AuditReport } from "../../../domain/ports/audit.ts";
import type { EventLog } from "../../../domain/ports/event-log.ts";
import { PUBLIC_VIEWS } from "../../../projections/reports/tables.ts";
import { ASKS_MAX, type AskTables } from "../../../services/audit/report-check.ts";
import { verifyLog } from "../../../services/audit/verify-log.ts";
import { createProjector } from "../../../services/projector.ts";
import { CHDB_MISSING, startTestOlapd, type TestOlapd } from "../../adapters/analytics/chdb/test-olapd.ts";
import { eventEntry } from "../../contract/event-log-entries.ts";
import { createDie, history, interleave } from "../../projections/reports/sample-history.ts";
import { createFakeOperatorLog } from "../../support/fake-operator-log.ts";
import { digests } from "./audited-history.ts";

const clock = createSystemClock();

async function fill(log: EventLog, count: number, seed: number): Promise<void> {
  const die = createDie(seed);
  const entries = interleave(
    Array.from({ length: count }, (_, index) => history(index, die)),
    createDie(seed),
  );
  for (let at = 0; at < entries.length; at += 500) await log.append("events", entries.slice(at, at + 500));
}

function verified(log: EventLog, askTables: AskTables): Promise<AuditReport> {
  return verifyLog(
    { log, digests, askTables },
    {
      contiguous: true,
      expires: false,
      anchors: [],
      callsForgottenMs: 0,
      reportsSince: 0,
      onProgress: () => undefined,
    },
  );
}

const named = ({ findings }: AuditReport): string[] => findings.map(({ code }) => code);

describe.skipIf(CHDB_MISSING !== null)("the tables of the reports in the embedded engine (I9)", () => {
  let olapd: TestOlapd;
  let log: EventLog;
  let ask: AskTables;

  beforeAll(async () => {
    olapd = await startTestOlapd();
    log = createMemoryLog({ clock });
    await fill(log, 100, 7);
    const projector = createProjector({
      log,
      analytics: olapd.writer,
      clock,
      operatorLog: createFakeOperatorLog(),
      gatherMs: milliseconds(1),
    });
    await projector.start();
    await projector.caughtUp();
    await projector.stop();
    // As an auditor reaches them beside a running house: through the gate, as a reader.
    const gate = createSqlGate(olapd.reader, PUBLIC_VIEWS);
    ask = async (sql) => (await gate.ask(sql, null)).rows;
  });
  afterAll(async () => {
    await log.close();
    await olapd.stop();
  });

  test("agree with the log, row by row", async () => {
    const report = await verified(log, ask);
    expect(report.findings).toEqual([]);
    const figures = report.partitions.reduce((sum, { events }) => sum + events, 0);
    expect(report.reports?.events).toBe(figures);
    expect(report.reports?.requests).toBe(100);
    expect(report.reports?.calls).toBeGreaterThan(50);
  });

  test("that are behind are compared as far as they go, and said to be behind", async () => {
    const longer = createMemoryLog({ clock });
    await fill(longer, 100, 7);
    await longer.append("events", [eventEntry("later", 3)]);
    const report = await verified(longer, ask);
    expect(named(report)).toEqual(["reports-behind"]);
    await longer.close();
  });

  test("with one other cell in one row are found, whichever table and column it is", async () => {
    const changes = [
      [1, "calls", "jitter_ms", "jitter_ms + 0.5"],
      [2, "calls", "outcome", "'failed'"],
      [3, "requests", "finished_at", "finished_at + INTERVAL 1 SECOND"],
      [4, "events", "payload", "concat(payload, ' ')"],
    ] as const;
    for (const [partition, table, column, value] of changes) {
      const store = `reveille_store.${table}`;
      const { rows } = await olapd.writer.query(
        `SELECT name FROM system.columns WHERE database = 'reveille_store' AND table = '${table}' ORDER BY position`,
      );
      const cells = rows.map(([name]) =>
        name === column ? value : name === "v" ? "v + 1" : valueText(name),
      );
      // A newer version of the partition's first row takes its place.
      await olapd.writer.define([
        `INSERT INTO ${store} SELECT ${cells.join(", ")} FROM ${store} FINAL WHERE p = ${partition} ORDER BY o LIMIT 1`,
      ]);
    }
    const { findings } = await verified(log, ask);
    expect(findings.map(({ code, place }) => [code, place?.partition, place?.topic])).toEqual(
      changes.map(([partition, table]) => ["reports-differ", partition, `v_${table}`]),
    );
  });
});

test("tables that can't be asked are a fault, not passed over", async () => {
  const log = createMemoryLog({ clock });
  const report = await verified(log, async () => {
    throw new Error("the server does not answer");
  });
  expect(new Set(named(report))).toEqual(new Set(["reports-unchecked"]));
  expect(report.findings[0]?.detail).toBe("the server does not answer");
  await log.close();
});

test("tables that are written all the time are asked so many times, and then compared without the Requests", async () => {
  const log = createMemoryLog({ clock });
  let asked = 0;
  const report = await verified(log, async (sql) => {
    asked += 1;
    // Requests are always ahead of the events.
    return sql.includes("max(o)") && sql.includes("v_requests") ? [[3, 5]] : [];
  });
  // How far the events are, how far the Requests, and the events once more.
  expect(asked).toBe(ASKS_MAX * 3);
  expect(new Set(named(report))).toEqual(new Set(["reports-behind"]));
  await log.close();
});
