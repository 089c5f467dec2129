import { createHash } from "node:crypto";
import { connect } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { type ReportAccess, tokenHash } from "../../../adapters/reports/access.ts";
import { ROWS_SHOWN_MAX } from "../../../adapters/reports/report-page.ts";
import {
  createReportServer,
  type ReportServer,
  SQL_BODY_BYTES_MAX,
} from "../../../adapters/reports/server.ts";
import { instant, milliseconds } from "../../../domain/kernel/time.ts";
import { AnalyticsUnavailableError } from "../../../domain/ports/analytics.ts";
import {
  type Reader,
  type Report,
  ReportFilterError,
  type Reports,
  SqlRefusedError,
} from "../../../domain/ports/reports.ts";
import { createFakeOperatorLog } from "../../support/fake-operator-log.ts";
import { HOTEL } from "../../support/sample-request.ts";

const LAG = { pendingEvents: 0, behindMs: milliseconds(0), upTo: instant(0), caughtUp: true };
const REPORT: Report = {
  name: "call-accounting",
  title: "Call accounting",
  describes: "Calls.",
  columns: [
    { name: "day", title: "Day", meaning: "The day", unit: "day" },
    { name: "sender", title: "Sender", meaning: "The account", unit: "text" },
    { name: "calls", title: "Calls", meaning: "How many", unit: "count" },
  ],
  charts: [{ kind: "bars", title: "Calls by day", x: "day", series: ["calls"] }],
  rows: [
    ["2026-11-10", "hotel", 3],
    ["2026-11-10", "=cmd|'/c calc'!A1", 4],
    ["2026-11-11", "<b>clinic</b>", 5],
  ],
  totals: [null, null, 12],
  filter: { from: "2026-11-10", to: "2026-11-11", zone: "UTC", sender: null },
  sql: "SELECT 1 < 2",
  parameters: { sender: "" },
  lag: LAG,
  madeAt: instant(Date.UTC(2026, 10, 21)),
};

let running: ReportServer | null = null;
afterEach(async () => {
  await running?.stop();
  running = null;
});

type Asked = { reader?: Reader; filter?: unknown; sql?: string };

async function serve(
  change: Partial<Reports> = {},
  access: ReportAccess = { kind: "open" },
): Promise<{ base: string; asked: Asked; log: ReturnType<typeof createFakeOperatorLog> }> {
  const asked: Asked = {};
  const reports: Reports = {
    list: (reader) => (reader.kind === "receiver" ? [REPORT] : []),
    run: async (name, filter, reader) => {
      Object.assign(asked, { filter, reader });
      return name === REPORT.name ? REPORT : null;
    },
    ask: async (sql, reader) => {
      Object.assign(asked, { sql, reader });
      return {
        sql,
        columns: [{ name: "n", type: "UInt8" }],
        rows: [[1]],
        elapsedMs: milliseconds(3),
        lag: LAG,
      };
    },
    lag: () => LAG,
    ...change,
  };
  const log = createFakeOperatorLog();
  running = createReportServer({ reports, listen: { host: "127.0.0.1", port: 0 }, access, log });
  const { port } = await running.start();
  return { base: `http://127.0.0.1:${port}`, asked, log };
}

describe("a report page (N02, N03)", () => {
  test("is the same figures as HTML, JSON and CSV", async () => {
    const { base } = await serve();
    const html = await (await fetch(`${base}/reports/call-accounting`)).text();
    expect(html).toContain("<h1>Call accounting</h1>");
    const json: unknown = await (await fetch(`${base}/reports/call-accounting?format=json`)).json();
    expect(json).toMatchObject({ rows: [{ day: "2026-11-10", sender: "hotel", calls: 3 }, {}, {}] });
    const csv = await fetch(`${base}/reports/call-accounting?format=csv`);
    expect(csv.headers.get("content-type")).toContain("text/csv");
    expect(csv.headers.get("x-row-count")).toBe("3");
    const text = await csv.text();
    expect(text).toContain("day,sender,calls\r\n2026-11-10,hotel,3\r\n");
    expect(text).toContain("'=cmd|");
  });

  test("can be read by everyone: language, title, labels, headings of its table, a name for its chart", async () => {
    const { base } = await serve();
    const html = await (await fetch(`${base}/reports/call-accounting`)).text();
    expect(html).toMatch(/<html lang="en">/);
    expect(html).toMatch(/<title>Call accounting/);
    expect([...html.matchAll(/<h1>/g)]).toHaveLength(1);
    for (const [input] of html.matchAll(/<label>[^]*?<\/label>/g))
      expect(input).toMatch(/<label>[A-Z][a-z ]+<input/);
    expect([...html.matchAll(/<label>/g)]).toHaveLength([...html.matchAll(/<input/g)].length);
    expect(html).toMatch(/<th scope="col"/);
    expect(html).toMatch(/<svg viewBox="[^"]+" role="img" aria-labelledby=/);
    const ids = [...html.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(html).toContain("@media print");
    expect(html).toContain("prefers-color-scheme: dark");
  });

  test("runs no script and loads nothing: its one style is allowed by its hash", async () => {
    const { base } = await serve();
    const answer = await fetch(`${base}/reports/call-accounting`);
    const html = await answer.text();
    const policy = answer.headers.get("content-security-policy") ?? "";
    const style = /<style>([^]*?)<\/style>/.exec(html)?.[1] ?? "";
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain(`'sha256-${createHash("sha256").update(style).digest("base64")}'`);
    expect(html).not.toMatch(/<script|<link|style="|\son\w+=|https?:\/\//);
  });

  test("shows foreign text as text, its own SQL, and how far it is behind", async () => {
    const { base } = await serve({
      run: async () => ({ ...REPORT, lag: { ...LAG, behindMs: milliseconds(45_000) } }),
    });
    const html = await (await fetch(`${base}/reports/call-accounting`)).text();
    expect(html).toContain("&lt;b&gt;clinic&lt;/b&gt;");
    expect(html).toContain("SELECT 1 &lt; 2");
    expect(html).toContain("behind the calls by up to 45 s");
  });

  test("says when it does not show all rows; the files hold them", async () => {
    const rows = Array.from({ length: ROWS_SHOWN_MAX + 5 }, (_, at) => ["2026-11-10", `s${at}`, 1]);
    const { base } = await serve({ run: async () => ({ ...REPORT, rows }) });
    const html = await (await fetch(`${base}/reports/call-accounting`)).text();
    expect(html).toContain(`The first ${ROWS_SHOWN_MAX} of ${rows.length} rows`);
    const csv = await (await fetch(`${base}/reports/call-accounting?format=csv`)).text();
    expect(csv.trimEnd().split("\r\n")).toHaveLength(rows.length + 1);
  });

  test("hands its filter on", async () => {
    const { base, asked } = await serve();
    await fetch(`${base}/reports/call-accounting?from=2026-01-01&tz=Europe/Berlin&sender=hotel`);
    expect(asked.filter).toEqual({ from: "2026-01-01", to: null, zone: "Europe/Berlin", sender: "hotel" });
  });

  test("answers what cannot be with a reason", async () => {
    const { base } = await serve({
      run: async (name) => {
        if (name === "none") return null;
        throw name === "bad"
          ? new ReportFilterError("from", "from is no day")
          : new AnalyticsUnavailableError("down");
      },
    });
    expect((await fetch(`${base}/reports/none`)).status).toBe(404);
    const bad = await fetch(`${base}/reports/bad?format=json`);
    expect([bad.status, bad.headers.get("content-type")?.split(";")[0]]).toEqual([
      400,
      "application/problem+json",
    ]);
    expect(await bad.json()).toMatchObject({ code: "filter.from", detail: "from is no day" });
    expect((await fetch(`${base}/reports/down`)).status).toBe(503);
  });
});

describe("access to the reports", () => {
  const hotel: Reader = { kind: "sender", sender: HOTEL };
  const tokens: ReportAccess = { kind: "tokens", readers: new Map([[tokenHash("hotel-token"), hotel]]) };

  test("a token stands for its reader, as bearer and as password", async () => {
    const { base, asked } = await serve({}, tokens);
    for (const authorization of ["Bearer hotel-token", `Basic ${btoa("anyone:hotel-token")}`]) {
      delete asked.reader;
      expect((await fetch(`${base}/reports/call-accounting`, { headers: { authorization } })).status).toBe(
        200,
      );
      expect(asked.reader).toEqual(hotel);
    }
  });

  test("without a known token there is nothing, and no report is asked", async () => {
    const { base, asked } = await serve({}, tokens);
    for (const headers of [{}, { authorization: "Bearer wrong" }, { authorization: "Basic !!!" }]) {
      const answer = await fetch(`${base}/reports/call-accounting`, { headers });
      expect(answer.status).toBe(401);
      expect(answer.headers.get("www-authenticate")).toContain("Basic");
    }
    expect(asked.reader).toBeUndefined();
  });

  test("without tokens it answers to loopback names only", async () => {
    const { base } = await serve();
    expect(await statusFor(base, "evil.example")).toBe(403);
    expect(await statusFor(base, "127.0.0.1")).toBe(200);
  });

  test("without tokens it refuses to listen where others can reach it", async () => {
    const server = createReportServer({
      reports: {
        list: () => [],
        run: async () => null,
        ask: async () => Promise.reject(new Error("no")),
        lag: () => LAG,
      },
      listen: { host: "0.0.0.0", port: 0 },
      access: { kind: "open" },
      log: createFakeOperatorLog(),
    });
    await expect(server.start()).rejects.toThrow("no token is configured");
    await server.stop();
  });
});

describe("SQL over HTTP (N17)", () => {
  test("a statement comes as itself or in JSON, and its answer as JSON or CSV", async () => {
    const { base, asked } = await serve();
    expect(await (await post(base, "application/sql", "SELECT 1")).json()).toMatchObject({ rows: [[1]] });
    expect(asked.sql).toBe("SELECT 1");
    expect(await (await post(base, "application/json", '{"sql":"SELECT 2"}', "?format=csv")).text()).toBe(
      "n\r\n1\r\n",
    );
    expect(asked.sql).toBe("SELECT 2");
  });

  test("a page of another site cannot post one: form content types are not taken", async () => {
    const { base, asked } = await serve();
    for (const type of ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
      expect((await post(base, type, "SELECT 1")).status).toBe(415);
    expect(asked.sql).toBeUndefined();
  });

  test("a refusal has its reason, and a body has its limit", async () => {
    const { base } = await serve({
      ask: () => Promise.reject(new SqlRefusedError("function-closed", "file: closed")),
    });
    const refused = await post(base, "application/sql", "SELECT file('x')");
    expect([refused.status, await refused.json()]).toMatchObject([403, { code: "sql.function-closed" }]);
    expect((await post(base, "application/sql", "x".repeat(SQL_BODY_BYTES_MAX + 1))).status).toBe(413);
    expect((await post(base, "application/json", '{"query":1}')).status).toBe(400);
    expect((await post(base, "application/json", "{")).status).toBe(400);
  });
});

function post(base: string, type: string, body: string, query = ""): Promise<Response> {
  return fetch(`${base}/sql${query}`, { method: "POST", headers: { "content-type": type }, body });
}

/** `fetch` does not let us choose the Host header. */
function statusFor(base: string, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(base).port), "127.0.0.1", () => {
      socket.end(`GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
    });
    socket.once("data", (data) => resolve(Number(data.toString().slice(9, 12))));
    socket.once("error", reject);
  });
}
