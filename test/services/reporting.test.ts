import { describe, expect, test } from "vitest";
import { createSqlGate } from "../../adapters/analytics/gate/sql-gate.ts";
import { createMemoryLog } from "../../adapters/event-log/memory/memory-log.ts";
import { createSystemClock } from "../../adapters/system/clock.ts";
import { createZoneClock } from "../../adapters/system/zone-clock.ts";
import type { SenderId } from "../../domain/kernel/identifiers.ts";
import { instant, milliseconds } from "../../domain/kernel/time.ts";
import type { Analytics, QueryOptions, Value } from "../../domain/ports/analytics.ts";
import type { Reader, ReportFilter, Reports } from "../../domain/ports/reports.ts";
import { PUBLIC_VIEWS } from "../../projections/reports/tables.ts";
import { createProjector } from "../../services/projector.ts";
import { createReporting, DAYS_BY_DEFAULT, DAYS_MAX } from "../../services/reporting.ts";
import { CHDB_MISSING, startTestOlapd } from "../adapters/analytics/chdb/test-olapd.ts";
import { createDie, DAY_ONE, history, interleave } from "../projections/reports/sample-history.ts";
import { createFakeOperatorLog } from "../support/fake-operator-log.ts";
import { HOTEL as SAMPLE_SENDER } from "../support/sample-request.ts";
import { createVirtualClock } from "../support/virtual-clock.ts";

const LAG = { pendingEvents: 0, behindMs: milliseconds(0), upTo: null, caughtUp: true };
const RECEIVER: Reader = { kind: "receiver" };
const HOTEL: Reader = { kind: "sender", sender: SAMPLE_SENDER };
const ANY: ReportFilter = { from: null, to: null, zone: null, sender: null };
/** Half an hour before midnight in UTC: already the next day in Berlin. */
const LATE = instant(Date.UTC(2026, 10, 20, 23, 30));

function reporting(rows: readonly (readonly Value[])[] = []): { reports: Reports; asked: QueryOptions[] } {
  const asked: QueryOptions[] = [];
  const analytics: Analytics = {
    define: async () => {},
    insert: async () => {},
    query: async (_sql, options = {}) => {
      asked.push(options);
      return { columns: [], rows };
    },
    close: async () => {},
  };
  const gate = {
    ask: async (sql: string, scope: SenderId | null) => {
      asked.push({ scope });
      return { sql, columns: [], rows: [] };
    },
  };
  const reports = createReporting({
    analytics,
    gate,
    clock: createVirtualClock(LATE),
    zones: createZoneClock(),
    lag: () => LAG,
  });
  return { reports, asked };
}

describe("a report's filter", () => {
  test("without days covers the last month, today in its own zone included", async () => {
    const { reports } = reporting();
    expect((await reports.run("call-accounting", ANY, RECEIVER))?.filter).toMatchObject({
      from: "2026-10-21",
      to: "2026-11-20",
    });
    const berlin = await reports.run("call-accounting", { ...ANY, zone: "Europe/Berlin" }, RECEIVER);
    expect(berlin?.filter.to).toBe("2026-11-21");
    expect((Date.parse("2026-11-20") - Date.parse("2026-10-21")) / 86_400_000 + 1).toBe(DAYS_BY_DEFAULT);
  });

  test.for([
    ["from", { from: "2026-02-30" }],
    ["to", { to: "yesterday" }],
    ["zone", { zone: "Mars/Olympus" }],
    ["sender", { sender: "Robert'); DROP" }],
    ["from", { from: "2026-11-02", to: "2026-11-01" }],
    ["from", { from: "2020-01-01", to: "2026-11-01" }],
  ] as const)("is refused at %s for %o", async ([field, change]) => {
    const refused = reporting().reports.run("call-accounting", { ...ANY, ...change }, RECEIVER);
    await expect(refused).rejects.toMatchObject({ name: "ReportFilterError", field });
  });

  test(`may span ${DAYS_MAX} days and not one more`, async () => {
    const to = "2026-11-20";
    const from = (days: number): string =>
      new Date(Date.parse(to) - (days - 1) * 86_400_000).toISOString().slice(0, 10);
    const { reports } = reporting();
    expect(await reports.run("outcomes", { ...ANY, from: from(DAYS_MAX), to }, RECEIVER)).not.toBeNull();
    await expect(reports.run("outcomes", { ...ANY, from: from(DAYS_MAX + 1), to }, RECEIVER)).rejects.toThrow(
      "400 at most",
    );
  });
});

describe("a Sender (N02)", () => {
  test("sees its own account whatever it asks, and the store is told so too", async () => {
    const { reports, asked } = reporting();
    expect((await reports.run("call-accounting", ANY, HOTEL))?.filter.sender).toBe("hotel");
    expect(asked).toMatchObject([{ scope: "hotel", parameters: { sender: "hotel" } }]);
    await expect(reports.run("call-accounting", { ...ANY, sender: "clinic" }, HOTEL)).rejects.toThrow(
      "another account",
    );
  });

  test("finds no report of the house's own machines", async () => {
    const { reports } = reporting();
    expect(reports.list(HOTEL).map(({ name }) => name)).toEqual(["call-accounting", "outcomes"]);
    expect(await reports.run("port-utilisation", ANY, HOTEL)).toBeNull();
    expect(reports.list(RECEIVER)).toHaveLength(4);
  });

  test("asks SQL within its own rows", async () => {
    const { reports, asked } = reporting();
    await reports.ask("SELECT 1", HOTEL);
    await reports.ask("SELECT 1", RECEIVER);
    expect(asked).toEqual([{ scope: "hotel" }, { scope: null }]);
  });
});

test("sums stand under the columns that can be summed", async () => {
  const { reports } = reporting([accountingRow(3), accountingRow(4)]);
  const report = await reports.run("call-accounting", ANY, RECEIVER);
  expect(report?.totals).toEqual([null, null, 7, 2, 2, 0, 0, 0, 5, null]);
});

function accountingRow(calls: number): Value[] {
  return ["2026-11-10", "hotel", calls, 1, 1, 0, 0, 0, 2.5, 150];
}

describe("the reports over the engine", () => {
  test("count the connections and their length as the log has them (N06, N07, N13, N14, I17)", async (context) => {
    if (CHDB_MISSING !== null) context.skip(CHDB_MISSING);
    const engine = await startTestOlapd();
    const clock = createSystemClock();
    const log = createMemoryLog({ clock });
    const die = createDie(31);
    const histories = Array.from({ length: 60 }, (_, index) => history(index, die));
    await log.append("events", interleave(histories, die));
    const projector = createProjector({
      log,
      analytics: engine.writer,
      clock,
      operatorLog: createFakeOperatorLog(),
      retentionDays: null,
    });
    await projector.start();
    await projector.caughtUp();
    const reports = createReporting({
      analytics: engine.reader,
      gate: createSqlGate(engine.reader, PUBLIC_VIEWS),
      clock,
      zones: createZoneClock(),
      lag: projector.lag,
    });
    const filter = { ...ANY, from: "2026-11-08", to: "2026-11-20" };
    const ends = histories
      .flatMap(({ events }) => events)
      .filter(({ type }) => type === "CallCompleted" || type === "CallLost");
    const talkMs = ends.reduce((sum, event) => sum + (event.type === "CallCompleted" ? event.talkMs : 0), 0);
    for (const zone of ["UTC", "America/New_York", "Pacific/Auckland"]) {
      const report = await reports.run("call-accounting", { ...filter, zone }, RECEIVER);
      expect(report?.totals[2]).toBe(ends.length);
      expect(report?.totals[8]).toBeCloseTo(talkMs / 60_000, 6);
    }
    // DAY_ONE is 00:15 in UTC: in New York that is the evening before.
    const early = histories.filter(
      ({ events }) => (events[0]?.type === "RequestReceived" ? events[0].at : 0) < DAY_ONE + 4 * 3_600_000,
    );
    expect(early.length).toBeGreaterThan(0);
    const newYork = await reports.run("call-accounting", { ...filter, zone: "America/New_York" }, RECEIVER);
    expect(newYork?.rows[0]?.[0]).toBe("2026-11-09");
    for (const name of ["outcomes", "port-utilisation", "media-quality"])
      expect((await reports.run(name, filter, RECEIVER))?.rows.length).toBeGreaterThan(0);
    const outcomes = await reports.run("outcomes", filter, RECEIVER);
    expect(outcomes?.totals[3]).toBe(ends.length);
    // What one Sender sees adds up to its own part of the whole, and names nobody else.
    const whole = await reports.run("call-accounting", filter, RECEIVER);
    const own = await reports.run("call-accounting", filter, HOTEL);
    expect(own?.rows).toEqual(whole?.rows.filter((row) => row[1] === "hotel"));
    expect((await reports.ask("SELECT DISTINCT sender FROM v_calls", HOTEL)).rows).toEqual([["hotel"]]);
    await projector.stop();
    await log.close();
    await engine.stop();
  });
});
