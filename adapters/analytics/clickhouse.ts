/** The analytics port over ClickHouse's HTTP interface: the embedded engine's face or a server, by one URL. */
import { type ClickHouseClient, ClickHouseError, createClient } from "@clickhouse/client";
import {
  type Analytics,
  AnalyticsRefusedError,
  AnalyticsUnavailableError,
  type Row,
  type Value,
  valueText,
} from "../../domain/ports/analytics.ts";

export type ClickHouseOptions = {
  readonly url: string;
  readonly username: string;
  readonly password: string;
};

const REQUEST_MS_MAX = 90_000;
const CONNECTIONS_MAX = 6;
/** The setting by which the store knows whose rows to show; on a server, row policies read it. */
const SCOPE_SETTING = "SQL_reveille_sender";
/** Codes by which the store says "not now": memory limit, too many queries, shutting down, time limit of a lock. */
const NOT_NOW: ReadonlySet<number> = new Set([202, 210, 236, 241, 252, 473, 1002]);

export function createClickHouse({ url, username, password }: ClickHouseOptions): Analytics {
  const client = createClient({
    url,
    username,
    password,
    request_timeout: REQUEST_MS_MAX,
    max_open_connections: CONNECTIONS_MAX,
    application: "reveille",
    // Whoever calls decides what to tell; the client would print whole statements.
    log: { level: OFF },
  });
  return {
    define: async (statements) => {
      for (const query of statements) await translated(() => client.command({ query }));
    },
    insert: (table, rows, token) => translated(() => insert(client, { table, rows, token })),
    query: (statement, { parameters, scope, signal } = {}) =>
      translated(async () => {
        const result = await client.query({
          query: statement,
          format: "JSONCompactEachRowWithNamesAndTypes",
          ...(parameters === undefined ? {} : { query_params: { ...parameters } }),
          ...(scope === undefined || scope === null
            ? {}
            : { clickhouse_settings: { [SCOPE_SETTING]: scope } }),
          ...(signal === undefined ? {} : { abort_signal: signal }),
        });
        return toResultSet(await result.json<readonly Value[]>());
      }),
    close: () => client.close(),
  };
}

// ClickHouseLogLevel.OFF: importing the enum itself would be a runtime import of a CommonJS enum for one number.
const OFF = 127;

type InsertOrder = { readonly table: string; readonly rows: readonly Row[]; readonly token: string };

async function insert(client: ClickHouseClient, { table, rows, token }: InsertOrder): Promise<void> {
  if (rows.length === 0) return;
  await client.insert({
    table,
    values: rows,
    format: "JSONEachRow",
    clickhouse_settings: {
      insert_deduplication_token: token,
      deduplicate_blocks_in_dependent_materialized_views: 1,
    },
  });
}

function toResultSet(lines: readonly (readonly Value[])[]): {
  columns: { name: string; type: string }[];
  rows: (readonly Value[])[];
} {
  const [names = [], types = [], ...rows] = lines;
  const columns = names.map((name, at) => ({ name: valueText(name), type: valueText(types[at]) }));
  const quoted = columns.map(({ type }) => /^(?:Nullable\()?U?Int64\b/.test(type));
  if (!quoted.includes(true)) return { columns, rows };
  // Servers before 25.8 put 64-bit integers into quotes.
  const plain = (value: Value, at: number): Value =>
    quoted[at] === true && typeof value === "string" ? Number(value) : value;
  return { columns, rows: rows.map((row) => row.map(plain)) };
}

async function translated<Result>(act: () => Promise<Result>): Promise<Result> {
  try {
    return await act();
  } catch (error) {
    throw toPortError(error);
  }
}

function toPortError(error: unknown): Error {
  if (error instanceof ClickHouseError) {
    const code = Number(error.code);
    return NOT_NOW.has(code)
      ? new AnalyticsUnavailableError(`analytics said not now: ${error.message}`, { cause: error })
      : new AnalyticsRefusedError(error.message, code, { cause: error });
  }
  const said = error instanceof Error ? error.message : String(error);
  return new AnalyticsUnavailableError(`analytics does not answer: ${said}`, { cause: error });
}
