/**
 * The analytical store as the projector and the reports see it: tables of rows derived from `events`, never the
 * truth. Losing it costs a replay. The embedded engine and a ClickHouse server stand behind the same interface.
 */

/** A cell as it is written: times are milliseconds since the epoch, zero where a thing did not happen. */
type Cell = string | number;
export type Row = Readonly<Record<string, Cell>>;

/** A value as a query answers it. 64-bit integers arrive as numbers: nothing that is counted here passes 2^53. */
export type Value = string | number | boolean | null | readonly Value[] | { readonly [name: string]: Value };

/** A value where text is expected: itself, or its JSON. */
export function valueText(value: Value | undefined): string {
  return typeof value === "string" ? value : JSON.stringify(value ?? null);
}

type Column = { readonly name: string; readonly type: string };
export type ResultSet = {
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly Value[])[];
};

/** Values for `{name:Type}` in a statement: never spliced into its text. */
type Parameters = Readonly<Record<string, string | number>>;

export interface Analytics {
  /** Runs statements that define tables and views, one after the other. For the writer only. */
  define(statements: readonly string[]): Promise<void>;
  /**
   * Writes rows and resolves when they are on disk. The same `token` for the same table and rows writes nothing
   * again, also after a restart of either side: a call whose outcome is unknown is repeated unchanged.
   */
  insert(table: string, rows: readonly Row[], token: string): Promise<void>;
  /** Reads. `scope` null sees everything; an account name sees the rows of that Sender only. */
  query(statement: string, options?: QueryOptions): Promise<ResultSet>;
  close(): Promise<void>;
}

export type QueryOptions = {
  readonly parameters?: Parameters;
  readonly scope?: string | null;
  readonly signal?: AbortSignal;
};

/** Nobody answered, or the store was going down. Trying again can help. */
export class AnalyticsUnavailableError extends Error {
  readonly retryable = true;
  override readonly name = "AnalyticsUnavailableError";
}

/** The store understood and said no (a syntax error, a limit, a missing table). Trying again unchanged can't help. */
export class AnalyticsRefusedError extends Error {
  readonly retryable = false;
  override readonly name = "AnalyticsRefusedError";
  /** ClickHouse's error number, e.g. 241 for the memory limit; 0 when it gave none. */
  readonly code: number;

  constructor(message: string, code: number, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
