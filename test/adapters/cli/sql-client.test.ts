import { createServer, type Server } from "node:http";
import { afterEach, describe, expect, test } from "vitest";
import { askSql, CELL_CHARACTERS_MAX, tableOf } from "../../../adapters/cli/sql-client.ts";

let server: Server | null = null;
afterEach(() => {
  server?.close();
  server = null;
});

type Seen = {
  url?: string | undefined;
  type?: string | undefined;
  authorization?: string | undefined;
  body?: string;
};

/** A report server that answers one thing, and remembers what it was asked. */
async function answering(status: number, body: string): Promise<{ url: string; seen: Seen }> {
  const seen: Seen = {};
  const listening = createServer((request, response) => {
    const { url, headers } = request;
    Object.assign(seen, { url, type: headers["content-type"], authorization: headers.authorization });
    request.setEncoding("utf8").on("data", (text: string) => Object.assign(seen, { body: text }));
    request.on("end", () => response.writeHead(status).end(body));
  });
  server = listening;
  await new Promise<void>((ready) => listening.listen(0, "127.0.0.1", ready));
  const address = listening.address();
  return { url: `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`, seen };
}

const ANSWER = JSON.stringify({
  columns: [
    { name: "sender", type: "String" },
    { name: "n", type: "UInt64" },
  ],
  rows: [
    ["hotel", 12],
    ["clinic", 3],
  ],
});

describe("reveille sql (N17)", () => {
  test("sends the statement with its token and prints a table", async () => {
    const { url, seen } = await answering(200, ANSWER);
    const text = await askSql({ url, token: "t0ken", sql: "SELECT 1", format: "table" });
    expect(seen).toEqual({
      url: "/sql?format=json",
      type: "application/sql",
      authorization: "Bearer t0ken",
      body: "SELECT 1",
    });
    expect(text).toBe("sender   n\n──────  ──\nhotel   12\nclinic   3\n(2 rows)\n");
  });

  test("prints CSV as it came, and JSON indented", async () => {
    const csv = await answering(200, "n\r\n1\r\n");
    expect(await askSql({ url: csv.url, token: null, sql: "SELECT 1", format: "csv" })).toBe("n\r\n1\r\n");
    expect(csv.seen.authorization).toBeUndefined();
    server?.close();
    const json = await answering(200, ANSWER);
    expect(JSON.parse(await askSql({ url: json.url, token: null, sql: "SELECT 1", format: "json" }))).toEqual(
      JSON.parse(ANSWER),
    );
  });

  test("passes on why the gate refused", async () => {
    const { url } = await answering(
      403,
      '{"code":"sql.function-closed","detail":"file: this function is not open to readers"}',
    );
    const asked = askSql({ url, token: null, sql: "SELECT file('x')", format: "table" });
    await expect(asked).rejects.toMatchObject({
      message: "file: this function is not open to readers",
      retryable: false,
    });
  });

  test("says what to look at when nobody, or somebody else, answers", async () => {
    const nobody = askSql({ url: "http://127.0.0.1:9", token: null, sql: "SELECT 1", format: "table" });
    await expect(nobody).rejects.toThrow("is the reporting role running");
    const { url } = await answering(502, "<html>");
    const other = askSql({ url, token: null, sql: "SELECT 1", format: "table" });
    await expect(other).rejects.toThrow("answered 502 without an explanation");
  });
});

test("text from the tables cannot command the terminal, nor fill it", () => {
  const table = tableOf({ columns: [{ name: "x" }], rows: [["\u001b[2Jwiped\r\n"], ["y".repeat(500)]] });
  expect(table).not.toMatch(/[^\P{Cc}\n]/u);
  expect(Math.max(...table.split("\n").map((line) => line.length))).toBe(CELL_CHARACTERS_MAX);
});
