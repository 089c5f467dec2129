import assert from "node:assert/strict";
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { createMemoryLog } from "../../adapters/event-log/memory/memory-log.ts";
import { createSqliteLog } from "../../adapters/event-log/sqlite/sqlite-log.ts";
import { createSystemClock } from "../../adapters/system/clock.ts";
import { milliseconds } from "../../domain/kernel/time.ts";
import {
  type Analytics,
  AnalyticsUnavailableError,
  type Row,
  type Value,
} from "../../domain/ports/analytics.ts";
import type { EventLog } from "../../domain/ports/event-log.ts";
import { PENDING_EVENTS_MAX } from "../../services/projection-queue.ts";
import { createProjector } from "../../services/projector.ts";
import { CHDB_MISSING, startTestOlapd, type TestOlapd } from "../adapters/analytics/chdb/test-olapd.ts";
import { createDie, type History, history, interleave } from "../projections/reports/sample-history.ts";
import { createFakeOperatorLog } from "../support/fake-operator-log.ts";

const clock = createSystemClock();
const SHORT = milliseconds(1);

function histories(seed: number, count: number): History[] {
  const die = createDie(seed);
  return Array.from({ length: count }, (_, index) => history(index, die));
}

async function fill(log: EventLog, some: readonly History[], seed: number): Promise<void> {
  const entries = interleave(some, createDie(seed));
  for (let at = 0; at < entries.length; at += 500) await log.append("events", entries.slice(at, at + 500));
}

/** What a fold of everything gives, counted without any of the code under test. */
function expectedOf(some: readonly History[]): {
  calls: number;
  talkMs: number;
  requests: number;
  events: number;
} {
  const events = some.flatMap((one) => one.events);
  return {
    calls: events.filter(({ type }) => type === "CallCompleted" || type === "CallLost").length,
    talkMs: events.reduce((sum, event) => sum + (event.type === "CallCompleted" ? event.talkMs : 0), 0),
    requests: some.length,
    events: events.length,
  };
}

async function found(analytics: Analytics): Promise<ReturnType<typeof expectedOf>> {
  const one = async (sql: string): Promise<number> => Number((await analytics.query(sql)).rows[0]?.[0]);
  return {
    // Without FINAL: exactly once, not merely hidden by the view.
    calls: await one("SELECT count() FROM reveille_store.calls"),
    talkMs: await one("SELECT sum(talk_ms) FROM reveille_store.calls"),
    requests: await one("SELECT countIf(final = 1) FROM reveille.v_requests"),
    events: await one("SELECT count() FROM reveille_store.events"),
  };
}

async function contentHash(analytics: Analytics): Promise<readonly (readonly Value[])[]> {
  const { rows } = await analytics.query(
    "SELECT (SELECT groupBitXor(cityHash64(*)) FROM reveille.v_calls), (SELECT groupBitXor(cityHash64(*)) FROM reveille.v_requests), (SELECT groupBitXor(cityHash64(*)) FROM reveille.v_events)",
  );
  return rows;
}

type Stored = { readonly table: string; readonly rows: readonly Row[] };

/** A store in memory that keeps the promise about tokens, and fails when it is told to. */
function fakeStore(fails: (table: string, call: number) => "before" | "after" | null) {
  const stored = new Map<string, Stored>();
  let calls = 0;
  const analytics: Analytics = {
    define: async () => {},
    insert: async (table, rows, token) => {
      calls += 1;
      const how = fails(table, calls);
      if (how === "before") throw new AnalyticsUnavailableError("gone before");
      const known = stored.get(token);
      // What is repeated must be the same, or the token would hide a loss.
      if (known !== undefined) assert.deepEqual(rows, known.rows);
      stored.set(token, { table, rows });
      if (how === "after") throw new AnalyticsUnavailableError("gone after");
    },
    query: async () => ({ columns: [], rows: newestBookmarks(rowsIn("bookmarks")) }),
    close: async () => {},
  };
  const rowsIn = (table: string): Row[] =>
    [...stored.values()].flatMap((one) => (one.table === `reveille_store.${table}` ? one.rows : []));
  return { analytics, rowsIn };
}

function newestBookmarks(rows: readonly Row[]): Value[][] {
  const newest = new Map<unknown, Row>();
  for (const row of rows)
    if (Number(row["version"]) > Number(newest.get(row["p"])?.["version"] ?? -1)) newest.set(row["p"], row);
  const names = ["p", "batch", "first_o", "last_o", "open_from", "up_to", "done"];
  return [...newest.values()].map((row) => names.map((name) => row[name] ?? null));
}

describe("the projector", () => {
  test("writes each call once although every third insert fails, before or after it was done", async () => {
    const log = createMemoryLog({ clock });
    const some = histories(3, 120);
    const { analytics, rowsIn } = fakeStore((_, call) =>
      call % 3 !== 0 ? null : call % 2 === 0 ? "before" : "after",
    );
    const operatorLog = createFakeOperatorLog();
    const projector = createProjector({ log, analytics, clock: impatient(), operatorLog, gatherMs: SHORT });
    await fill(log, some.slice(0, 60), 1);
    await projector.start();
    await fill(log, some.slice(60), 2);
    const { calls, talkMs } = expectedOf(some);
    await until(() => rowsIn("calls").length >= calls);
    await projector.stop();
    expect(rowsIn("calls")).toHaveLength(calls);
    expect(rowsIn("calls").reduce((sum, row) => sum + Number(row["talk_ms"]), 0)).toBe(talkMs);
    expect(operatorLog.lines.length).toBeGreaterThan(0);
    await log.close();
  });

  test("says how far it is behind, and that it has caught up", async () => {
    const log = createMemoryLog({ clock });
    const { analytics } = fakeStore(() => null);
    const projector = createProjector({
      log,
      analytics,
      clock,
      operatorLog: createFakeOperatorLog(),
      gatherMs: SHORT,
    });
    expect(projector.lag()).toMatchObject({ upTo: null, caughtUp: false });
    await fill(log, histories(5, 20), 1);
    await projector.start();
    await projector.caughtUp();
    expect(projector.lag()).toMatchObject({ pendingEvents: 0, behindMs: 0, caughtUp: true });
    expect(projector.lag().upTo).not.toBeNull();
    await projector.stop();
    await log.close();
  });

  test("reads no more ahead than its limit while the store is slow", async () => {
    const log = createMemoryLog({ clock });
    const gate = Promise.withResolvers<void>();
    const { analytics } = fakeStore(() => null);
    const slow: Analytics = {
      ...analytics,
      insert: async (...args) => {
        await gate.promise;
        await analytics.insert(...args);
      },
    };
    const some = histories(7, 1_500);
    expect(expectedOf(some).events).toBeGreaterThan(PENDING_EVENTS_MAX + 6_000);
    await fill(log, some, 1);
    const projector = createProjector({ log, analytics: slow, clock, operatorLog: createFakeOperatorLog() });
    await projector.start();
    await until(() => projector.lag().pendingEvents > PENDING_EVENTS_MAX);
    // One batch of the log at most comes on top, since the next one waits.
    expect(projector.lag().pendingEvents).toBeLessThanOrEqual(PENDING_EVENTS_MAX + 500);
    gate.resolve();
    await projector.caughtUp();
    await projector.stop();
    await log.close();
  });

  test("a rebuild gives the same tables", async (context) => {
    if (CHDB_MISSING !== null) context.skip(CHDB_MISSING);
    const engine = await startTestOlapd();
    const log = createMemoryLog({ clock });
    const some = histories(9, 80);
    const common = {
      log,
      analytics: engine.writer,
      clock,
      operatorLog: createFakeOperatorLog(),
      retentionDays: null,
    };
    const first = createProjector({ ...common, gatherMs: SHORT });
    await first.start();
    for (let at = 0; at < some.length; at += 8) await fill(log, some.slice(at, at + 8), at);
    await until(
      async () =>
        Number((await engine.reader.query("SELECT count() FROM v_events")).rows[0]?.[0]) ===
        expectedOf(some).events,
    );
    await first.stop();
    const before = await contentHash(engine.reader);
    const second = createProjector(common);
    await second.start({ rebuild: true });
    await second.caughtUp();
    await second.stop();
    expect(await found(engine.writer)).toEqual(expectedOf(some));
    expect(await contentHash(engine.reader)).toEqual(before);
    await log.close();
    await engine.stop();
  });
});

describe("kill -9", () => {
  const KILLS = 10;

  test(
    "of the engine, of the projector, of both: rows and sums equal a fold of the log (N01, N07)",
    { timeout: 120_000 },
    async (context) => {
      if (CHDB_MISSING !== null) context.skip(CHDB_MISSING);
      const engine = await startTestOlapd();
      const folder = mkdtempSync(join(tmpdir(), "reveille-projector-"));
      const path = join(folder, "log.db");
      const log = createSqliteLog({ path, clock, owner: "writer", operatorLog: createFakeOperatorLog() });
      const some = histories(11, 40 * KILLS);
      const die = createDie(99);
      let child = startProjector(path, engine);
      try {
        for (let kill = 0; kill < KILLS; kill += 1) {
          await fill(log, some.slice(kill * 40, kill * 40 + 40), kill);
          await eventsBeyond(engine, die() % 200);
          if (kill % 3 !== 0) child = await killAndRestart(child, path, engine);
          if (kill % 3 !== 1) await killEngine(engine);
        }
        await until(async () => (await seen(engine)) >= expectedOf(some).events);
      } finally {
        await end(child);
      }
      const last = startProjector(path, engine);
      await once(last, "message");
      await end(last);
      expect(await found(engine.writer)).toEqual(expectedOf(some));
      await log.close();
      await engine.stop();
      rmSync(folder, { recursive: true });
    },
  );
});

function startProjector(path: string, { olapd }: TestOlapd): ChildProcess {
  const entry = fileURLToPath(new URL("./projector-process.ts", import.meta.url));
  return fork(entry, [path, olapd.url, olapd.writer.username, olapd.writer.password], { execArgv: [] });
}

async function killAndRestart(child: ChildProcess, path: string, engine: TestOlapd): Promise<ChildProcess> {
  await end(child);
  return startProjector(path, engine);
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, "exit");
  child.kill("SIGKILL");
  await gone;
}

async function killEngine({ olapd }: TestOlapd): Promise<void> {
  const pid = olapd.pid();
  if (pid === null) return;
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // Dead already, of the kill before, and nobody has noticed yet.
  }
  await until(() => olapd.pid() !== pid);
}

/** Events in the store; -1 while it is down. */
async function seen({ reader }: TestOlapd): Promise<number> {
  const answer = await reader.query("SELECT count() FROM reveille.v_events").catch(() => null);
  return answer === null ? -1 : Number(answer.rows[0]?.[0]);
}

/** Waits until a few more events are in, so that the kill comes at another moment each time. */
async function eventsBeyond(engine: TestOlapd, more: number): Promise<void> {
  const now = await seen(engine);
  if (now >= 0) await until(async () => (await seen(engine)) >= Math.min(now + more, now + 150));
}

const TURNS_MAX = 200_000;

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let turns = 0; turns < TURNS_MAX; turns += 1) {
    if (await holds()) return;
    await new Promise((turn) => void setImmediate(turn));
  }
  throw new Error("did not happen");
}

/** The pauses between two lives are cut to a millisecond. */
function impatient(): typeof clock {
  return { ...clock, schedule: (_, action) => clock.schedule(SHORT, action) };
}
