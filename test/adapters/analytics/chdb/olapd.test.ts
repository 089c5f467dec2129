import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BODY_BYTES_MAX } from "../../../../adapters/analytics/chdb/http-face.ts";
import { READERS_MAX, scopeFilters, WAITING_MAX } from "../../../../adapters/analytics/chdb/readers.ts";
import { type Olapd, startOlapd } from "../../../../adapters/analytics/chdb/start-olapd.ts";
import { createClickHouse } from "../../../../adapters/analytics/clickhouse.ts";
import { createFakeOperatorLog } from "../../../support/fake-operator-log.ts";
import { CHDB_MISSING, startTestOlapd, type TestOlapd } from "./test-olapd.ts";

let engine: TestOlapd | null = null;
beforeAll(async () => {
  if (CHDB_MISSING === null) engine = await startTestOlapd();
});
afterAll(() => engine?.stop());

function olapd(): Olapd {
  if (engine === null) throw new Error("the engine was not started");
  return engine.olapd;
}

function post(
  body: string,
  query: Record<string, string> = {},
  headers: Record<string, string> = {},
): Promise<Response> {
  const { username, password } = olapd().reader;
  const url = `${olapd().url}/?${new URLSearchParams(query).toString()}`;
  return fetch(url, {
    method: "POST",
    body,
    headers: { "x-clickhouse-user": username, "x-clickhouse-key": password, ...headers },
  });
}

describe.skipIf(CHDB_MISSING !== null)(
  `olapd over HTTP${CHDB_MISSING === null ? "" : ` (skipped: ${CHDB_MISSING})`}`,
  () => {
    test("answers a ping without credentials, and nothing else", async () => {
      expect(await (await fetch(`${olapd().url}/ping`)).text()).toBe("Ok.\n");
      const refused = await fetch(`${olapd().url}/?query=SELECT+1`);
      expect([refused.status, refused.headers.get("x-clickhouse-exception-code")]).toEqual([401, "516"]);
      expect((await post("SELECT 1", {}, { "x-clickhouse-key": "wrong" })).status).toBe(401);
    });

    test.for([
      ["SELECT FROM WHERE", 400, "62"],
      ["SELECT * FROM reveille.nope", 404, "60"],
      ["DROP TABLE reveille_store.calls", 403, "164"],
    ] as const)("says %s as a ClickHouse server would", async ([sql, status, code]) => {
      const answer = await post(sql);
      expect(answer.headers.get("x-clickhouse-exception-code")).toBe(code);
      expect(await answer.text()).toMatch(new RegExp(`^Code: ${code}\\. DB::Exception: `));
      expect(answer.status).toBe(status);
    });

    test("takes formats from the statement and from the URL", async () => {
      expect(await (await post("SELECT 1 AS a FORMAT CSVWithNames")).text()).toBe('"a"\n1\n');
      const answer = await post("SELECT 1 AS a", { default_format: "JSONEachRow" });
      expect([answer.headers.get("x-clickhouse-format"), await answer.text()]).toEqual([
        "JSONEachRow",
        '{"a":1}\n',
      ]);
    });

    test("packs its answer for who takes gzip", async () => {
      const { username, password } = olapd().reader;
      const authorization = `Basic ${btoa(`${username}:${password}`)}`;
      const { request } = await import("undici");
      const answer = await request(`${olapd().url}/?query=SELECT+42`, {
        headers: { authorization, "accept-encoding": "gzip" },
      });
      expect(answer.headers["content-encoding"]).toBe("gzip");
      expect(gunzipSync(Buffer.from(await answer.body.arrayBuffer())).toString()).toBe("42\n");
    });

    test("a GET is read-only even for the writer", async () => {
      const { username: user, password } = olapd().writer;
      const query = new URLSearchParams({ user, password, query: "DROP TABLE reveille_store.calls" });
      expect((await fetch(`${olapd().url}/?${query.toString()}`)).status).toBe(403);
    });

    test("a body beyond the limit is refused", async () => {
      expect((await post("x".repeat(BODY_BYTES_MAX + 1)).catch(() => ({ status: "cut" }))).status).not.toBe(
        200,
      );
    });

    test("more queries than may wait are told to come back; those that wait are answered", async () => {
      const slow = "SELECT sum(sipHash64(number)) FROM numbers(20000000)";
      const answers = await Promise.all(
        Array.from({ length: READERS_MAX + WAITING_MAX + 5 }, () => post(slow)),
      );
      const refused = answers.filter(({ status }) => status === 503);
      expect(refused.length).toBeGreaterThan(0);
      expect(refused[0]?.headers.get("x-clickhouse-exception-code")).toBe("202");
      expect(answers.filter(({ status }) => status === 200).length).toBeGreaterThanOrEqual(
        READERS_MAX + WAITING_MAX,
      );
    });

    test("a limit of memory is a clean refusal, and the engine goes on", async () => {
      const greedy = await post("SELECT groupArray(number) FROM numbers(300000000)");
      expect(greedy.status).toBe(500);
      expect(await (await post("SELECT 1")).text()).toBe("1\n");
    });

    test("killed, it comes back at the same address with the same rows", async () => {
      const directory = mkdtempSync(join(tmpdir(), "reveille-olapd-"));
      const mortal = await startOlapd({ directory, log: createFakeOperatorLog() });
      const writer = createClickHouse({ url: mortal.url, ...mortal.writer });
      await writer.define([
        "CREATE DATABASE kept ENGINE = Atomic",
        "CREATE TABLE kept.t (a UInt8) ENGINE = MergeTree ORDER BY a",
      ]);
      await writer.insert("kept.t", [{ a: 7 }], "one");
      for (let kill = 0; kill < 3; kill += 1) {
        const pid = mortal.pid();
        if (pid !== null) process.kill(pid, "SIGKILL");
        await until(
          async () =>
            (await writer.query("SELECT a FROM kept.t").catch(() => null))?.rows[0]?.[0] === 7 &&
            mortal.pid() !== pid,
        );
      }
      await writer.close();
      await mortal.stop();
      rmSync(directory, { recursive: true });
    });
  },
);

test("only an account's name gets into a scope's filter", () => {
  expect(scopeFilters("hotel")).toContain("'sender = ''hotel'''");
  for (const name of ["", "a'b", "a b", "A", "x".repeat(65), "a\\"])
    expect(() => scopeFilters(name)).toThrow("account name");
});

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let poll = 0; poll < 200_000; poll += 1) {
    if (await holds()) return;
    await new Promise((turn) => void setImmediate(turn));
  }
  throw new Error("did not happen");
}
