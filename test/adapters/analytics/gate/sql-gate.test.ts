import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CLOSED_FUNCTIONS, OPEN_FUNCTIONS } from "../../../../adapters/analytics/gate/function-names.ts";
import { createSqlGate, SQL_CHARACTERS_MAX } from "../../../../adapters/analytics/gate/sql-gate.ts";
import { valueText } from "../../../../domain/ports/analytics.ts";
import { SqlRefusedError } from "../../../../domain/ports/reports.ts";
import { PUBLIC_VIEWS } from "../../../../projections/reports/tables.ts";
import { CHDB_MISSING, startTestOlapd, type TestOlapd } from "../chdb/test-olapd.ts";

const CANARY = "the canary sang";

let engine: TestOlapd | null = null;
let listener: Server | null = null;
let folder = "";
let hits = 0;

beforeAll(async () => {
  if (CHDB_MISSING !== null) return;
  engine = await startTestOlapd();
  folder = mkdtempSync(join(tmpdir(), "reveille-gate-"));
  writeFileSync(join(folder, "canary"), CANARY);
  const server = createServer((_request, response) => {
    hits += 1;
    response.end("1\n");
  });
  listener = server;
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
});

afterAll(async () => {
  await engine?.stop();
  listener?.close();
  if (folder !== "") rmSync(folder, { recursive: true });
});

function gate(): ReturnType<typeof createSqlGate> {
  if (engine === null) throw new Error("the engine was not started");
  return createSqlGate(engine.reader, PUBLIC_VIEWS);
}

/** Attacks, with FILE, OUT and URL to be filled in. */
const ATTACKS: readonly string[] = [
  "SELECT file('FILE')",
  "SELECT FiLe('FILE')",
  // The embedded engine takes a bare expression for a SELECT.
  "file('FILE')",
  "SELECT /* x */ file/**/('FILE')",
  "SELECT `file`('FILE')",
  "SELECT file('FILE') AS `x, function_name: abs`",
  "SELECT 1 AS x ORDER BY file('FILE')",
  "SELECT 1 LIMIT length(file('FILE'))",
  "SELECT 1 WHERE file('FILE') != ''",
  "SELECT count() FROM v_calls GROUP BY file('FILE')",
  "SELECT count() FROM v_calls HAVING file('FILE') != ''",
  "SELECT row_number() OVER (ORDER BY file('FILE')) FROM v_calls",
  "SELECT sender FROM v_calls QUALIFY file('FILE') != ''",
  "SELECT arrayMap(x -> file(x), ['FILE'])",
  "SELECT (SELECT file('FILE'))",
  "SELECT 1 UNION ALL SELECT length(file('FILE'))",
  "WITH file('FILE') AS secret SELECT secret",
  "WITH secret AS (SELECT file('FILE') AS s) SELECT s FROM secret",
  "SELECT * APPLY(x -> file('FILE')) FROM v_calls",
  "SELECT * APPLY(file) FROM v_calls",
  "SELECT * REPLACE(file('FILE') AS sender) FROM v_calls",
  "SELECT if(1, file('FILE'), '')",
  "SELECT 1 FROM v_calls AS a JOIN v_calls AS b ON file('FILE') = a.sender",
  "SELECT * FROM file('FILE', 'LineAsString')",
  "SELECT * FROM `file`('FILE', 'LineAsString')",
  "SELECT * FROM view(SELECT * FROM file('FILE', 'LineAsString'))",
  "SELECT 1 IN (SELECT line FROM file('FILE', 'LineAsString'))",
  "SELECT * FROM url('URL', 'LineAsString')",
  "SELECT * FROM s3('URL/x', 'CSV')",
  "SELECT * FROM remote('127.0.0.1:1', 'a', 'b')",
  "SELECT * FROM mysql('127.0.0.1:1', 'a', 'b', 'c', 'd')",
  "SELECT * FROM postgresql('127.0.0.1:1', 'a', 'b', 'c', 'd')",
  "SELECT * FROM sqlite('FILE', 'x')",
  "SELECT * FROM executable('cat', 'TabSeparated', 'x String')",
  "SELECT * FROM merge('reveille_store', '.*')",
  "SELECT * FROM mergeTreeIndex('reveille_store', 'calls')",
  "SELECT * FROM cluster('default', 'reveille_store', 'calls')",
  "SELECT * FROM dictionary('x')",
  "SELECT * FROM loop(reveille_store.calls)",
  "SELECT * FROM generateRandom('x String', 1, 10, 2)",
  "DESCRIBE url('URL')",
  "DESCRIBE TABLE url('URL')",
  "DESCRIBE s3('URL/x')",
  "DESCRIBE file('FILE')",
  "DESCRIBE TABLE (SELECT * FROM url('URL'))",
  "SELECT 1 INTO OUTFILE 'OUT'",
  "SELECT 1 INTO OUTFILE 'OUT' FORMAT CSV",
  "SELECT 1 AS x /* */ INTO /**/ OUTFILE 'OUT' TRUNCATE",
  "INSERT INTO reveille_store.calls (call_id) VALUES ('x')",
  "INSERT INTO FUNCTION file('OUT') SELECT 1",
  "INSERT INTO reveille_store.calls FROM INFILE 'FILE' FORMAT CSV",
  "CREATE TABLE reveille.v_x (a Int8) ENGINE = Memory",
  "CREATE FUNCTION leak AS () -> 1",
  "DROP VIEW reveille.v_calls",
  "ALTER TABLE reveille_store.calls DELETE WHERE 1",
  "TRUNCATE TABLE reveille_store.calls",
  "USE system",
  "SET readonly = 0",
  "SELECT 1 SETTINGS readonly = 0",
  "SELECT 1 SETTINGS additional_table_filters = {}",
  "SELECT 1; DROP TABLE reveille_store.calls",
  "KILL QUERY WHERE 1",
  "CHECK TABLE reveille_store.calls",
  "EXPLAIN SELECT * FROM reveille_store.calls",
  "EXPLAIN ESTIMATE SELECT * FROM reveille_store.calls",
  "SYSTEM FLUSH LOGS",
  "BACKUP TABLE reveille_store.calls TO File('OUT')",
  "ATTACH TABLE reveille_store.x FROM 'FILE' (a String) ENGINE = File(TSV)",
  "SHOW CREATE TABLE reveille_store.calls",
  "SHOW PROCESSLIST",
  "SHOW TABLES FROM reveille_store",
  "DESCRIBE TABLE reveille_store.calls",
  "EXISTS TABLE reveille_store.calls",
  "SELECT * FROM reveille_store.calls",
  "SELECT * FROM `reveille_store`.`calls`",
  'SELECT * FROM "reveille_store"."calls"',
  "SELECT * FROM reveille_store.bookmarks",
  "SELECT * FROM v_calls, reveille_store.calls",
  "SELECT 1 FROM v_calls AS a LEFT JOIN reveille_store.calls AS b ON a.sender = b.sender",
  "SELECT 'x' IN reveille_store.calls",
  "SELECT 'x' NOT IN reveille_store.calls",
  "SELECT 'x' GLOBAL IN reveille_store.calls",
  "SELECT in('x', reveille_store.calls)",
  "SELECT arrayExists(y -> y IN reveille_store.calls, ['x'])",
  "WITH v_calls AS (SELECT * FROM reveille_store.calls) SELECT * FROM v_calls",
  "SELECT (SELECT COLUMNS('a\\nWHERE') FROM v_calls) IN reveille_store.calls",
  "SELECT * FROM system.processes",
  "SELECT * FROM system.parts",
  "SELECT * FROM system.tables",
  "SELECT * FROM information_schema.tables",
  "SELECT dictGet('x', 'y', 1)",
  "SELECT joinGet('x', 'y', 1)",
  "SELECT getSetting('additional_table_filters')",
  "SELECT getServerSetting('max_server_memory_usage')",
  "SELECT getMacro('x')",
  "SELECT hostName()",
  "SELECT fqdn()",
  "SELECT serverUUID()",
  "SELECT tcpPort()",
  "SELECT addressToLine(1)",
  "SELECT demangle('x')",
  "SELECT filesystemAvailable()",
  "SELECT sleep(3)",
  "SELECT sleepEachRow(1) FROM numbers(100)",
  "SELECT aiGenerate('x', 'y')",
  "SELECT hasColumnInTable('reveille_store', 'calls', 'o')",
  "SELECT catboostEvaluate('FILE', 1)",
  "SELECT logTrace('x')",
  "(SELECT file('FILE'))",
  "",
  "-- nothing",
];

function fill(attack: string): string {
  const address = listener?.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return attack
    .replaceAll("FILE", join(folder, "canary"))
    .replaceAll("OUT", join(folder, "out"))
    .replaceAll("URL", `http://127.0.0.1:${port}`);
}

describe("the gate before the engine (N17)", () => {
  test.for(ATTACKS)("refuses %s", async (attack, context) => {
    if (CHDB_MISSING !== null) context.skip(CHDB_MISSING);
    const found = await gate()
      .ask(fill(attack), null)
      .catch((error: unknown) => error);
    expect(found).toBeInstanceOf(SqlRefusedError);
    expect(String(found)).not.toContain(CANARY);
    expect(existsSync(join(folder, "out"))).toBe(false);
    expect(hits).toBe(0);
  });

  test("no spelling of an attack gets through", async (context) => {
    if (CHDB_MISSING !== null) context.skip(CHDB_MISSING);
    const disguise = fc.record({
      attack: fc.constantFrom(
        ...ATTACKS.filter((attack) => /FILE|URL|reveille_store/.test(attack) && !/`|"|'a\\/.test(attack)),
      ),
      upper: fc.boolean(),
      space: fc.constantFrom(" ", "  ", "\n", "\t", " /* c */ ", " -- c\n"),
    });
    await fc.assert(
      fc.asyncProperty(disguise, async ({ attack, upper, space }) => {
        // Names of functions and keywords change; strings and table names keep their letters.
        const words = attack
          .split(" ")
          .map((word) => (upper && !/['._(]/.test(word) ? word.toUpperCase() : word));
        await expect(gate().ask(fill(words.join(space)), null)).rejects.toBeInstanceOf(SqlRefusedError);
        expect(hits).toBe(0);
      }),
      { numRuns: 60 },
    );
  });

  test.for([
    "SELECT 1",
    "select sender, count() as n from v_calls group by sender order by n desc",
    "SELECT * FROM reveille.v_calls LIMIT 3",
    "WITH mine AS (SELECT sender FROM v_calls) SELECT count() FROM mine",
    "SELECT sender FROM v_calls WHERE sender IN (SELECT sender FROM v_requests)",
    "SELECT quantilesTDigestIf(0.5, 0.95)(talk_ms, talk_ms > 0) FROM v_calls",
    "SELECT toStartOfHour(dispatched_at) AS h, countIf(outcome = 'busy') FROM v_calls GROUP BY h WITH ROLLUP",
    "SELECT number FROM numbers(3) FORMAT CSV",
    "SELECT 'INTO OUTFILE' AS x",
    "SELECT count() FROM v_calls AS a LEFT JOIN v_requests AS b USING request_id",
    "SELECT sender, row_number() OVER (PARTITION BY sender ORDER BY ended_at) FROM v_calls",
    "(SELECT 1) UNION ALL (SELECT 2)",
    "SELECT * EXCEPT (payload) FROM v_events LIMIT 1",
    "SHOW TABLES",
    "show databases",
    "DESCRIBE TABLE reveille.v_calls",
    "DESCRIBE v_ports",
  ])("lets through %s", async (sql, context) => {
    if (CHDB_MISSING !== null) context.skip(CHDB_MISSING);
    const { columns } = await gate().ask(sql, null);
    expect(columns.length).toBeGreaterThan(0);
  });

  test("runs at most the statement that it judged: comments are gone, the format is its own", async (context) => {
    if (CHDB_MISSING !== null) context.skip(CHDB_MISSING);
    const { sql, rows } = await gate().ask("select /* hidden */ 1 + 1 -- tail\n FORMAT TSV", null);
    expect(sql).toBe("SELECT 1 + 1");
    expect(rows).toEqual([[2]]);
  });

  test("a statement longer than the limit is not even parsed", async () => {
    await expect(
      createSqlGate(NEVER_ASKED, []).ask("x".repeat(SQL_CHARACTERS_MAX + 1), null),
    ).rejects.toMatchObject({
      reason: "too-long",
    });
  });

  test("every function that the engine has is sorted into open or closed", async (context) => {
    if (CHDB_MISSING !== null) context.skip(CHDB_MISSING);
    const { rows } = (await engine?.writer.query("SELECT DISTINCT lower(name) FROM system.functions")) ?? {
      rows: [],
    };
    const unsorted = rows
      .map(([name]) => valueText(name))
      .filter((name) => !OPEN_FUNCTIONS.has(name) && !CLOSED_FUNCTIONS.has(name));
    expect(unsorted).toEqual([]);
    expect(rows.length).toBeGreaterThan(1_000);
    expect([...OPEN_FUNCTIONS].filter((name) => CLOSED_FUNCTIONS.has(name))).toEqual([]);
  });
});

async function never(): Promise<never> {
  throw new Error("must not be asked");
}

const NEVER_ASKED = { define: never, insert: never, query: never, close: never };
