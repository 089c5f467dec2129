/**
 * chDB behind promises: one writer, a few readers.
 *
 * A Session is serial, several Sessions on one directory run side by side. Readers are set up once and then
 * locked with `readonly = 1`; a scoped one sees one Sender's rows only, by a filter that no query can override.
 * A reader whose query failed is thrown away: the engine keeps the partial output of a failed buffered query and
 * would put it in front of the next caller's result.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { RawInsertFormat, Session } from "chdb";
import { createReaders, type Readers } from "./readers.ts";

export type EngineOptions = {
  readonly directory: string;
  /** Of the whole engine; a query beyond it fails with error 241, the process does not. */
  readonly memoryBytesMax: number;
};

export type Insert = {
  readonly table: string;
  readonly columns: readonly string[] | null;
  readonly format: RawInsertFormat;
  readonly data: Buffer;
  readonly settings: Readonly<Record<string, string>>;
};

export type Engine = {
  readonly readers: Readers;
  /** On the writer: everything is allowed. Statements wait for each other. */
  write(statement: string, format: string): Promise<Uint8Array>;
  insert(insert: Insert): Promise<number>;
  close(): void;
};

/** The optional package is absent, or not made for this machine. Trying again can't help. */
export class AnalyticsOffError extends Error {
  readonly retryable = false;
  override readonly name = "AnalyticsOffError";
}

const MARK_CACHE_BYTES = 67_108_864;

export async function openEngine(options: EngineOptions): Promise<Engine> {
  // Never `chdb/connection`: it leaves settings of one call behind for the next (rows were lost that way).
  const { Session: OpenSession } = await loadChdb();
  const connectionArgs = [`--config-file=${writeConfig(options)}`];
  const open = (): Session => new OpenSession(join(options.directory, "data"), { connectionArgs });
  const writer = open();
  const readers = createReaders(open);
  const inTurn = createTurns();
  return {
    readers,
    write: (statement, format) =>
      inTurn(async () => {
        try {
          return (await writer.queryAsync(statement, { format })).bytes();
        } catch (error) {
          // Takes away what the failed statement left in the Session; see above.
          await writer.queryAsync("SELECT 1 WHERE 0").catch(() => null);
          throw error;
        }
      }),
    insert: ({ table, columns, format, data, settings }) =>
      inTurn(async () => {
        const rows = { table, format, values: data, settings: { ...settings } };
        return (await writer.insert(columns === null ? rows : { ...rows, columns })).rowsWritten;
      }),
    close: () => {
      readers.close();
      writer.close();
    },
  };
}

async function loadChdb(): Promise<typeof import("chdb")> {
  try {
    return await import("chdb");
  } catch (error) {
    throw new AnalyticsOffError(
      "analytics off: the optional package chdb is not installed here (Linux with glibc and macOS only); " +
        "install it, or configure the URL of a ClickHouse server",
      { cause: error },
    );
  }
}

// The engine's defaults are those of a big server: nine tenths of the memory and a cache of five gigabytes.
function writeConfig({ directory, memoryBytesMax }: EngineOptions): string {
  mkdirSync(join(directory, "data"), { recursive: true });
  const path = join(directory, "engine.xml");
  writeFileSync(
    path,
    `<clickhouse><max_server_memory_usage>${memoryBytesMax}</max_server_memory_usage><mark_cache_size>${MARK_CACHE_BYTES}</mark_cache_size></clickhouse>\n`,
  );
  return path;
}

/** One after the other, whatever becomes of the one before. */
function createTurns(): <Result>(act: () => Promise<Result>) => Promise<Result> {
  let last: Promise<unknown> = Promise.resolve();
  return (act) => {
    const turn = last.then(act, act);
    last = turn.catch(() => null);
    return turn;
  };
}
