/**
 * Serves the accounting over HTTP (N02–N04): pages for people, JSON and CSV for machines, by the same URL. It only
 * asks the `Reports` port, and runs as well when no call can be made as calls run when it is down.
 */
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import type { OperatorLog } from "../../domain/ports/operator-log.ts";
import type { Reader, Report, ReportFilter, Reports, SqlAnswer } from "../../domain/ports/reports.ts";
import { type ReportAccess, readerOf } from "./access.ts";
import { csvOf } from "./csv.ts";
import { indexPage, messagePage, reportPage } from "./report-page.ts";
import { problemOf } from "./report-problem.ts";
import { CONTENT_SECURITY_POLICY } from "./stylesheet.ts";

export type ReportServerOptions = {
  readonly reports: Reports;
  readonly listen: { readonly host: string; readonly port: number };
  readonly access: ReportAccess;
  readonly log: OperatorLog;
};

export type ReportServer = {
  start(): Promise<{ readonly port: number }>;
  stop(): Promise<void>;
};

/** Bytes of a statement with its wrapping. */
export const SQL_BODY_BYTES_MAX = 65_536;

export function createReportServer(options: ReportServerOptions): ReportServer {
  const server = fastify({
    bodyLimit: SQL_BODY_BYTES_MAX,
    requestTimeout: 30_000,
    connectionTimeout: 120_000,
    forceCloseConnections: true,
    exposeHeadRoutes: true,
  });
  addSafety(server, options);
  addRoutes(server, options);
  return {
    start: async () => {
      if (options.access.kind === "open" && !/^(?:127\.|localhost$|::1$)/.test(options.listen.host))
        throw new Error(
          `reports: ${options.listen.host} can be reached by others and no token is configured; listen on 127.0.0.1, or configure tokens`,
        );
      await server.listen(options.listen);
      const address = server.server.address();
      return { port: typeof address === "object" && address !== null ? address.port : options.listen.port };
    },
    stop: () => server.close(),
  };
}

function addSafety(server: FastifyInstance, { log }: ReportServerOptions): void {
  server.addHook("onSend", async (_request, reply) => {
    reply.headers({
      "content-security-policy": CONTENT_SECURITY_POLICY,
      "x-content-type-options": "nosniff",
      "referrer-policy": "no-referrer",
      "cache-control": "no-store",
    });
  });
  server.setErrorHandler((error, request, reply) => {
    const problem = problemOf(error);
    if (problem.status >= 500)
      log.warn("a report failed", { code: problem.code, route: request.routeOptions.url, error });
    return sendProblem(request, reply, problem);
  });
  server.setNotFoundHandler((request, reply) => notFound(request, reply));
}

function addRoutes(server: FastifyInstance, { reports, access }: ReportServerOptions): void {
  server.get("/healthz", async () => ({ ok: true, lag: reports.lag() }));
  server.get("/", (request, reply) =>
    withReader(access, request, reply, async (reader) => {
      if (formatOf(request) === "json")
        return reply.send({ reports: reports.list(reader), lag: reports.lag() });
      return sendHtml(reply, indexPage(reports.list(reader), reports.lag()));
    }),
  );
  server.get<{ Params: { name: string } }>("/reports/:name", (request, reply) =>
    withReader(access, request, reply, async (reader) => {
      const report = await reports.run(request.params.name, filterOf(request), reader, goneSignal(reply));
      return report === null ? notFound(request, reply) : sendReport(request, reply, report);
    }),
  );
  // Not a form's content type: a page of another site can't post it without being asked for leave first (CORS).
  server.removeContentTypeParser("text/plain");
  server.addContentTypeParser("application/sql", { parseAs: "string" }, (_request, body, done) =>
    done(null, body),
  );
  server.post("/sql", (request, reply) =>
    withReader(access, request, reply, async (reader) => {
      const answer = await reports.ask(sqlOf(request.body), reader, goneSignal(reply));
      return sendAnswer(request, reply, answer);
    }),
  );
}

async function withReader(
  access: ReportAccess,
  request: FastifyRequest,
  reply: FastifyReply,
  act: (reader: Reader) => Promise<FastifyReply>,
): Promise<FastifyReply> {
  const { host, authorization } = request.headers;
  const reader = readerOf(access, { host, authorization });
  if (reader !== null) return act(reader);
  if (access.kind === "tokens")
    void reply.header("www-authenticate", 'Basic realm="Reveille reports", charset="UTF-8"');
  const detail =
    access.kind === "tokens"
      ? "Give your token: as Bearer token, or as the password with any user name."
      : "Without tokens these pages answer to 127.0.0.1 and localhost only.";
  return sendProblem(request, reply, {
    status: access.kind === "tokens" ? 401 : 403,
    code: "access",
    detail,
  });
}

/** Aborted when the reader goes away: nobody computes for a closed window. */
function goneSignal(reply: FastifyReply): AbortSignal {
  const gone = new AbortController();
  reply.raw.once("close", () => {
    if (!reply.raw.writableFinished) gone.abort();
  });
  return gone.signal;
}

function queryOf(request: FastifyRequest, name: string): string | null {
  const { query } = request;
  if (typeof query !== "object" || query === null) return null;
  const value: unknown = Reflect.get(query, name);
  return typeof value === "string" && value !== "" ? value : null;
}

function filterOf(request: FastifyRequest): ReportFilter {
  return {
    from: queryOf(request, "from"),
    to: queryOf(request, "to"),
    zone: queryOf(request, "tz"),
    sender: queryOf(request, "sender"),
  };
}

type Format = "html" | "json" | "csv";

function formatOf(request: FastifyRequest): Format {
  const asked = queryOf(request, "format");
  if (asked === "csv" || asked === "json" || asked === "html") return asked;
  const accepts = request.headers.accept ?? "";
  if (/\btext\/html\b/.test(accepts)) return "html";
  if (/\btext\/csv\b/.test(accepts)) return "csv";
  return /\bapplication\/json\b/.test(accepts) ? "json" : "html";
}

function sendReport(request: FastifyRequest, reply: FastifyReply, report: Report): FastifyReply {
  const format = formatOf(request);
  if (format === "html")
    return sendHtml(
      reply,
      reportPage(report, (wanted) => exportUrl(report, wanted)),
    );
  const { columns, rows, ...rest } = report;
  if (format === "csv")
    return sendCsv(request, reply, { name: report.name, header: columns.map(({ name }) => name), rows });
  return reply.send({ ...rest, columns, rows: rows.map((row) => named(columns, row)) });
}

function sendAnswer(request: FastifyRequest, reply: FastifyReply, answer: SqlAnswer): FastifyReply {
  if (formatOf(request) === "csv")
    return sendCsv(request, reply, {
      name: "query",
      header: answer.columns.map(({ name }) => name),
      rows: answer.rows,
    });
  return reply.send(answer);
}

function named(columns: Report["columns"], row: Report["rows"][number]): Record<string, unknown> {
  return Object.fromEntries(columns.map(({ name }, at) => [name, row[at] ?? null]));
}

function exportUrl({ name, filter }: Report, format: string): string {
  const query = new URLSearchParams({ from: filter.from, to: filter.to, tz: filter.zone, format });
  if (filter.sender !== null) query.set("sender", filter.sender);
  return `/reports/${name}?${query.toString()}`;
}

type CsvFile = { readonly name: string; readonly header: readonly string[]; readonly rows: Report["rows"] };

function sendCsv(
  request: FastifyRequest,
  reply: FastifyReply,
  { name, header, rows }: CsvFile,
): FastifyReply {
  return reply
    .header("content-type", "text/csv; charset=utf-8; header=present")
    .header("content-disposition", `attachment; filename="${name}.csv"`)
    .header("x-row-count", rows.length)
    .send(csvOf(header, rows, { raw: queryOf(request, "raw") === "1" }));
}

function sendHtml(reply: FastifyReply, html: string): FastifyReply {
  return reply.header("content-type", "text/html; charset=utf-8").send(html);
}

type Problem = { readonly status: number; readonly code: string; readonly detail: string };

function sendProblem(request: FastifyRequest, reply: FastifyReply, problem: Problem): FastifyReply {
  void reply.code(problem.status);
  if (request.method === "GET" && formatOf(request) === "html")
    return sendHtml(
      reply,
      messagePage(problem.status === 404 ? "Not here" : "That did not work", problem.detail),
    );
  return reply
    .header("content-type", "application/problem+json")
    .send(JSON.stringify({ type: `/problems/${problem.code}`, title: problem.code, ...problem }));
}

function notFound(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  return sendProblem(request, reply, { status: 404, code: "not-found", detail: "There is no such report." });
}

function sqlOf(body: unknown): string {
  if (typeof body === "string") return body;
  if (typeof body === "object" && body !== null && "sql" in body && typeof body.sql === "string")
    return body.sql;
  const error = new Error('give the statement as application/sql, or as {"sql": "SELECT …"}');
  throw Object.assign(error, { statusCode: 400 });
}
