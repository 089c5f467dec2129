/** A bounded pool of read-only Sessions, each of one scope, and a bounded queue before it. */
import type { Session } from "chdb";

/** Readers at once. Each costs memory and a thread; calls on the same machine need the processor more. */
export const READERS_MAX = 3;
/** Queries that may wait for a reader; the next one is told to come back. */
export const WAITING_MAX = 32;

const READER_SETTINGS: readonly string[] = [
  "max_execution_time = 60",
  "max_memory_usage = 2000000000",
  "max_result_rows = 1000000",
  "max_result_bytes = 268435456",
  "result_overflow_mode = 'throw'",
  "max_threads = 1",
  "do_not_merge_across_partitions_select_final = 1",
  "output_format_json_quote_64bit_integers = 0",
];
/** Tables with a column `sender`; every other one is empty to a scoped reader. */
const SCOPED_TABLES: readonly string[] = ["calls", "requests", "events"];
const CLOSED_TABLES: readonly string[] = ["bookmarks"];

type ReadQuery = {
  /** The Sender's account; null sees everything. */
  readonly scope: string | null;
  readonly statement: string;
  readonly format: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly signal: AbortSignal;
};

export type Readers = {
  run(query: ReadQuery): Promise<Uint8Array>;
  close(): void;
};

/** Too many wait already. Trying again can help. */
export class TooManyQueriesError extends Error {
  readonly retryable = true;
  override readonly name = "TooManyQueriesError";
}

type Reader = { readonly session: Session; readonly scope: string | null };

export function createReaders(open: () => Session): Readers {
  const idle: Reader[] = [];
  const waiting: (() => void)[] = [];
  let busy = 0;
  let queries = 0;
  let control: Session | null = null;

  const take = async (scope: string | null): Promise<Reader> => {
    for (;;) {
      if (busy < READERS_MAX) break;
      if (waiting.length >= WAITING_MAX)
        throw new TooManyQueriesError(`${WAITING_MAX} queries wait already; come back later`);
      await new Promise<void>((resume) => void waiting.push(resume));
    }
    busy += 1;
    const at = idle.findIndex((reader) => reader.scope === scope);
    if (at >= 0) return idle.splice(at, 1)[0] ?? openReader(open, scope);
    // Another scope's reader makes room, so that Sessions never outnumber the limit.
    if (busy + idle.length > READERS_MAX) idle.shift()?.session.close();
    try {
      return openReader(open, scope);
    } catch (error) {
      release();
      throw error;
    }
  };
  const release = (): void => {
    busy -= 1;
    waiting.shift()?.();
  };
  const kill = (mark: string): void => {
    control = control ?? open();
    // ASYNC: the synchronous form was seen to hang for good. The query fails of itself; nothing waits for this.
    control.queryAsync(`KILL QUERY WHERE query LIKE '${mark}%' ASYNC`).catch(() => null);
  };

  return {
    run: async ({ scope, statement, format, parameters, signal }) => {
      const reader = await take(scope);
      queries += 1;
      // A leading comment survives into system.processes: by it the query can be found and stopped.
      const mark = `/* rv:${queries} */`;
      const stop = (): void => kill(mark);
      try {
        signal.throwIfAborted();
        signal.addEventListener("abort", stop, { once: true });
        const text = `${mark} ${statement}`;
        const result =
          Object.keys(parameters).length === 0
            ? await reader.session.queryAsync(text, { format })
            : await reader.session.queryBindAsync(text, parameters, { format });
        idle.push(reader);
        return result.bytes();
      } catch (error) {
        reader.session.close();
        throw error;
      } finally {
        signal.removeEventListener("abort", stop);
        release();
      }
    },
    close: () => {
      for (const { session } of idle.splice(0)) session.close();
      control?.close();
    },
  };
}

function openReader(open: () => Session, scope: string | null): Reader {
  const session = open();
  for (const setting of READER_SETTINGS) session.query(`SET ${setting}`);
  if (scope !== null) session.query(`SET additional_table_filters = ${scopeFilters(scope)}`);
  session.query("USE reveille");
  // Last, and for the life of the Session: from here it cannot change its own limits.
  session.query("SET readonly = 1");
  return { session, scope };
}

const ACCOUNT = /^[a-z0-9-]{1,64}$/;

/** A map from table to condition; only account names ever get into it. */
export function scopeFilters(scope: string): string {
  if (!ACCOUNT.test(scope))
    throw new Error("a scope is an account name: lower-case letters, digits and hyphens");
  const own = SCOPED_TABLES.map((table) => `'reveille_store.${table}': 'sender = ''${scope}'''`);
  const closed = CLOSED_TABLES.map((table) => `'reveille_store.${table}': '0'`);
  return `{${[...own, ...closed].join(", ")}}`;
}
