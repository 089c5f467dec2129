/** What every store behind the analytics port must do; run against the embedded engine, and a server where one is given. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type Analytics,
  AnalyticsRefusedError,
  AnalyticsUnavailableError,
  type Row,
  type Value,
} from "../../domain/ports/analytics.ts";
import { createOpenRequests } from "../../projections/reports/open-requests.ts";
import { rowsOfRange } from "../../projections/reports/rows-of-range.ts";
import { PUBLIC_VIEWS } from "../../projections/reports/tables.ts";
import { createDie, delivered, history, interleave } from "../projections/reports/sample-history.ts";

export type AnalyticsUnderTest = {
  readonly writer: Analytics;
  readonly reader: Analytics;
  stop(): Promise<void>;
};

export function describeAnalytics(
  name: string,
  missing: string | null,
  start: () => Promise<AnalyticsUnderTest>,
): void {
  describe.skipIf(missing !== null)(`analytics contract: ${name} ${missing ?? ""}`, () => {
    let under: AnalyticsUnderTest | null = null;
    const store = (): AnalyticsUnderTest => {
      if (under === null) throw new Error("the store was not started");
      return under;
    };
    beforeAll(async () => {
      under = await start();
    });
    afterAll(() => under?.stop());
    test("rows that were inserted are in the view, with their types (N01)", async () => {
      const { calls, requests, events } = sample();
      await store().writer.insert("reveille_store.calls", calls, "calls:1");
      await store().writer.insert("reveille_store.requests", requests, "requests:1");
      await store().writer.insert("reveille_store.events", events, "events:1");
      const { rows } = await store().reader.query("SELECT count(), sum(talk_ms) FROM reveille.v_calls");
      expect(rows).toEqual([[calls.length, calls.reduce((sum, { talk_ms: ms }) => sum + Number(ms), 0)]]);
      const at = await store().reader.query(
        "SELECT toUnixTimestamp64Milli(ended_at), answered_at IS NULL FROM reveille.v_calls WHERE call_id = {id:String}",
        { parameters: { id: calls[0]?.["call_id"] ?? "" } },
      );
      expect(at.rows).toEqual([[calls[0]?.["ended_at"], calls[0]?.["answered_at"] === 0 ? 1 : 0]]);
    });

    test("the same token writes nothing again, another token does", async () => {
      await mark(store().writer, "token-a");
      await mark(store().writer, "token-a");
      expect(await written(store().writer)).toBe(1);
      await mark(store().writer, "token-b");
      expect(await written(store().writer)).toBe(2);
    });

    test("of two versions of a row the higher one is shown", async () => {
      const [row] = sample().requests;
      const newer: Row = { ...row, status: "cancelled", v: Number(row?.["v"]) + 1 };
      await store().writer.insert("reveille_store.requests", [newer], "requests:newer");
      const { rows } = await store().reader.query(
        "SELECT status FROM reveille.v_requests WHERE request_id = {id:String}",
        { parameters: { id: row?.["request_id"] ?? "" } },
      );
      expect(rows).toEqual([["cancelled"]]);
    });

    test("parameters are values, whatever they hold", async () => {
      for (const text of [
        "it's",
        'say "x"',
        "back\\slash",
        "tab\tnewline\n",
        "Übermut 電話",
        "'; DROP TABLE x; --",
      ]) {
        const { rows } = await store().reader.query("SELECT {text:String}", { parameters: { text } });
        expect(rows).toEqual([[text]]);
      }
    });

    test("every public view answers, and tells what its columns are", async () => {
      for (const { name: view, columns } of PUBLIC_VIEWS) {
        const answer = await store().reader.query(`SELECT * FROM reveille.${view} LIMIT 1`);
        expect(answer.columns.map((column) => column.name)).toEqual(columns.map((column) => column.name));
      }
      const { rows } = await store().reader.query(
        "SELECT count() FROM system.columns WHERE database = 'reveille' AND comment = ''",
      );
      expect(rows).toEqual([[0]]);
    });

    test("a reader can write nothing", async () => {
      for (const statement of [
        "DROP TABLE reveille_store.calls",
        "INSERT INTO reveille_store.bookmarks (p) VALUES (1)",
      ])
        await expect(store().reader.query(statement)).rejects.toBeInstanceOf(AnalyticsRefusedError);
    });

    test("a scoped reader sees one Sender's rows only, by whatever way it asks (N02)", async () => {
      const options = { scope: "hotel" };
      const ask = async (sql: string): Promise<unknown> => (await store().reader.query(sql, options)).rows;
      expect(await ask("SELECT DISTINCT sender FROM reveille.v_calls")).toEqual([["hotel"]]);
      expect(await ask("SELECT DISTINCT sender FROM reveille.v_requests")).toEqual([["hotel"]]);
      expect(await ask("SELECT DISTINCT sender FROM reveille.v_events")).toEqual([["hotel"]]);
      expect(
        await ask(
          "SELECT DISTINCT sender FROM (SELECT a.sender AS sender FROM reveille.v_calls AS a JOIN reveille.v_requests AS b USING request_id)",
        ),
      ).toEqual([["hotel"]]);
      expect(
        await ask("SELECT countIf(sender != 'hotel') FROM view(SELECT * FROM reveille.v_calls)"),
      ).toEqual([[0]]);
      expect(await ask("SELECT count() FROM reveille_store.bookmarks")).toEqual([[0]]);
    });

    test("a failed query's rows never reach the next caller", async () => {
      const failing = store().reader.query("SELECT number, throwIf(number = 200000) FROM numbers(300000)");
      await expect(failing).rejects.toBeInstanceOf(AnalyticsRefusedError);
      for (let round = 0; round < 5; round += 1)
        expect((await store().reader.query("SELECT 42")).rows).toEqual([[42]]);
    });

    test("an error has its number", async () => {
      const refused = await store()
        .reader.query("SELECT * FROM reveille.v_nothing")
        .catch((error: unknown) => error);
      expect(refused).toMatchObject({ name: "AnalyticsRefusedError", code: 60 });
    });

    test("a query that its asker has left is stopped, and the store goes on answering", async () => {
      const leaving = new AbortController();
      const long = store().reader.query("SELECT sum(sipHash64(number)) FROM numbers(30000000000)", {
        signal: leaving.signal,
      });
      const gone = long.catch((error: unknown) => error);
      // The store knows the query once it stands in the list of processes.
      await until(async () => Number((await store().writer.query(RUNNING)).rows[0]?.[0]) === 1);
      leaving.abort();
      expect(await gone).toBeInstanceOf(AnalyticsUnavailableError);
      await until(async () => Number((await store().writer.query(RUNNING)).rows[0]?.[0]) === 0);
    });
  });
}

const RUNNING =
  "SELECT count() FROM system.processes WHERE query LIKE '%numbers(30000000000)%' AND query NOT LIKE '%system.processes%'";
const POLLS_MAX = 3_000;

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let poll = 0; poll < POLLS_MAX; poll += 1) if (await holds()) return;
  throw new Error("did not happen");
}

function mark(writer: Analytics, token: string): Promise<void> {
  return writer.insert("reveille_store.bookmarks", [BOOKMARK], token);
}

async function written(writer: Analytics): Promise<Value | undefined> {
  return (await writer.query("SELECT count() FROM reveille_store.bookmarks WHERE p = 99")).rows[0]?.[0];
}

const BOOKMARK: Row = {
  p: 99,
  batch: "b",
  first_o: 0,
  last_o: 1,
  open_from: -1,
  up_to: 0,
  done: 1,
  version: 3,
};

function sample(): ReturnType<typeof rowsOfRange> {
  const die = createDie(23);
  const histories = Array.from({ length: 40 }, (_, index) => history(index, die));
  return rowsOfRange(createOpenRequests(), delivered(interleave(histories, die)));
}
