/**
 * ClickHouse's HTTP interface, as much of it as the official client speaks, over the embedded engine. So that
 * projector, reports and CLI know one protocol, and a ClickHouse server is a change of URL.
 *
 * Two accounts. The writer may run anything; a GET, and everything from the reader, goes to a read-only Session.
 * Settings in the URL are obeyed for inserts only; a reader's are ignored, save the one that names its scope.
 */
import { randomUUID, timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { promisify } from "node:util";
import { gunzip, gzip } from "node:zlib";
import type { RawInsertFormat } from "chdb";
import type { Engine, Insert } from "./engine.ts";
import { describe, type EngineError, engineError } from "./error-code.ts";
import { type ParameterValue, readParameter } from "./parameters.ts";

export type FaceOptions = { readonly writerPassword: string; readonly readerPassword: string };

/** Bytes of one request, as sent and unpacked. */
export const BODY_BYTES_MAX = 67_108_864;
/** A custom setting, as a ClickHouse server would take it for its row policies. */
const SCOPE_SETTING = "SQL_reveille_sender";

const INSERT_SETTINGS: ReadonlySet<string> = new Set([
  "insert_deduplication_token",
  "insert_deduplicate",
  "deduplicate_blocks_in_dependent_materialized_views",
  "date_time_input_format",
]);
const INSERT_FORMATS: readonly RawInsertFormat[] = [
  "JSONEachRow",
  "JSONCompactEachRow",
  "CSV",
  "TabSeparated",
];
const INSERT =
  /^\s*INSERT\s+INTO\s+([\w.`]+)\s*(?:\(([^()]*)\))?\s*(?:SETTINGS\s+(.*?))?\s*FORMAT\s+(\w+)\s*;?\s*$/is;
const TRAILING_FORMAT = /\bFORMAT\s+(\w+)\s*;?\s*$/i;

class Refusal extends Error {
  readonly error: EngineError;
  constructor(code: number, text: string) {
    super(text);
    this.error = describe(code, text);
  }
}

export function createHttpFace(engine: Engine, options: FaceOptions): Server {
  const server = createServer((request, response) => {
    answer(engine, options, request, response).catch((error: unknown) => fail(response, error));
  });
  server.requestTimeout = 120_000;
  server.headersTimeout = 10_000;
  return server;
}

async function answer(
  engine: Engine,
  options: FaceOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = new URL(request.url ?? "/", "http://127.0.0.1");
  if (request.method === "GET" && (url.pathname === "/ping" || !url.searchParams.has("query"))) {
    response.end("Ok.\n");
    return;
  }
  const account = requireAccount(request, url, options);
  const body = await readBody(request);
  const inUrl = url.searchParams.get("query");
  const statement = inUrl ?? body.toString("utf8");
  if (statement.trim() === "") throw new Refusal(62, "Empty query. (SYNTAX_ERROR)");
  const started = performance.now();
  const queryId = url.searchParams.get("query_id") ?? randomUUID();
  response.setHeader("X-ClickHouse-Query-Id", queryId);
  if (account === "writer" && request.method === "POST") {
    const insert = parseInsert(statement, url, inUrl === null ? null : body);
    if (insert !== null) {
      const written = await engine.insert(insert);
      send(request, response, { format: "", started, rows: written, bytes: Buffer.alloc(0) });
      return;
    }
  }
  const format =
    TRAILING_FORMAT.exec(statement)?.[1] ?? url.searchParams.get("default_format") ?? "TabSeparated";
  const bytes =
    account === "writer" && request.method === "POST" && parametersOf(url) === null
      ? await engine.write(statement, format)
      : await engine.readers.run({
          scope: url.searchParams.get(SCOPE_SETTING),
          statement,
          format,
          parameters: parametersOf(url) ?? {},
          signal: goneSignal(response),
        });
  send(request, response, { format, started, rows: 0, bytes });
}

/** Aborted when the client hangs up before its answer: the engine must not work for nobody. */
function goneSignal(response: ServerResponse): AbortSignal {
  const gone = new AbortController();
  response.once("close", () => {
    if (!response.writableFinished) gone.abort();
  });
  return gone.signal;
}

function requireAccount(request: IncomingMessage, url: URL, options: FaceOptions): "writer" | "reader" {
  const { user, password } = credentials(request, url);
  if (user === "writer" && sameText(password, options.writerPassword)) return "writer";
  if (user === "reader" && sameText(password, options.readerPassword)) return "reader";
  throw new Refusal(
    516,
    "Authentication failed: password is incorrect, or there is no user with such name. (AUTHENTICATION_FAILED)",
  );
}

function credentials(request: IncomingMessage, url: URL): { user: string; password: string } {
  const user = request.headers["x-clickhouse-user"];
  const key = request.headers["x-clickhouse-key"];
  if (typeof user === "string") return { user, password: typeof key === "string" ? key : "" };
  const basic = /^Basic\s+(\S+)$/i.exec(request.headers.authorization ?? "")?.[1];
  if (basic !== undefined) {
    const text = Buffer.from(basic, "base64").toString("utf8");
    const colon = text.indexOf(":");
    return { user: text.slice(0, Math.max(colon, 0)), password: text.slice(colon + 1) };
  }
  return { user: url.searchParams.get("user") ?? "", password: url.searchParams.get("password") ?? "" };
}

function sameText(given: string, expected: string): boolean {
  const a = Buffer.from(given);
  const b = Buffer.from(expected);
  return a.length === b.length && timingSafeEqual(a, b);
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of request as AsyncIterable<Buffer>) {
    size += piece.length;
    if (size > BODY_BYTES_MAX)
      throw new Refusal(209, `The body is larger than ${BODY_BYTES_MAX} bytes. (TOO_LARGE)`);
    pieces.push(piece);
  }
  const body = Buffer.concat(pieces);
  if (request.headers["content-encoding"] !== "gzip") return body;
  return promisify(gunzip)(body, { maxOutputLength: BODY_BYTES_MAX });
}

/** Null for a statement that is no insert. The data follows in the body, after the statement or on its own. */
function parseInsert(statement: string, url: URL, data: Buffer | null): Insert | null {
  const found = INSERT.exec(statement);
  if (found === null || data === null) return null;
  const [, table = "", columns, inText, formatName = ""] = found;
  const format = INSERT_FORMATS.find((known) => known === formatName);
  if (format === undefined)
    throw new Refusal(73, `Inserts take ${INSERT_FORMATS.join(", ")}, not ${formatName}. (UNKNOWN_FORMAT)`);
  return {
    table,
    columns: columns === undefined ? null : columns.split(",").map((name) => name.trim().replaceAll("`", "")),
    format,
    data,
    settings: { ...settingsOf(url), ...settingsOfText(inText ?? "") },
  };
}

function settingsOf(url: URL): Record<string, string> {
  return Object.fromEntries([...url.searchParams].filter(([name]) => INSERT_SETTINGS.has(name)));
}

function settingsOfText(text: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [, name = "", quoted, plain] of text.matchAll(/(\w+)\s*=\s*(?:'([^'\\]*)'|(\w+))/g)) {
    if (!INSERT_SETTINGS.has(name))
      throw new Refusal(115, `Setting ${name} is not taken here. (UNKNOWN_SETTING)`);
    found[name] = quoted ?? plain ?? "";
  }
  return found;
}

/** Null where there are none: then no binding is needed, which waits its turn over all Sessions. */
function parametersOf(url: URL): Record<string, ParameterValue> | null {
  const found: Record<string, ParameterValue> = {};
  for (const [name, value] of url.searchParams)
    if (name.startsWith("param_")) found[name.slice("param_".length)] = readParameter(value);
  return Object.keys(found).length === 0 ? null : found;
}

type Answer = {
  readonly format: string;
  readonly started: number;
  readonly rows: number;
  readonly bytes: Uint8Array;
};

function send(request: IncomingMessage, response: ServerResponse, answered: Answer): void {
  const { format, started, rows, bytes } = answered;
  response.setHeader("X-ClickHouse-Server-Display-Name", "reveille");
  response.setHeader("X-ClickHouse-Timezone", "UTC");
  if (format !== "") response.setHeader("X-ClickHouse-Format", format);
  const elapsedNs = Math.round((performance.now() - started) * 1e6);
  response.setHeader(
    "X-ClickHouse-Summary",
    JSON.stringify({
      written_rows: String(rows),
      result_bytes: String(bytes.length),
      elapsed_ns: String(elapsedNs),
    }),
  );
  if (!/\bgzip\b/.test(request.headers["accept-encoding"] ?? "") || bytes.length === 0) {
    response.end(bytes);
    return;
  }
  response.setHeader("Content-Encoding", "gzip");
  gzip(bytes, (error, packed) => (error ? response.destroy(error) : response.end(packed)));
}

function fail(response: ServerResponse, error: unknown): void {
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  const { code, status, body } = error instanceof Refusal ? error.error : engineError(error);
  response.writeHead(status, { "X-ClickHouse-Exception-Code": String(code), Connection: "close" });
  response.end(body);
}
