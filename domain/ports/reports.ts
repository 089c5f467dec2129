/** What readers of the accounting may ask (N02–N04, N17): a driving port for the report pages, the CLI and exports. */
import type { SenderId } from "../kernel/identifiers.ts";
import type { Instant, Milliseconds } from "../kernel/time.ts";
import type { ResultSet, Value } from "./analytics.ts";

/** Who reads: the house itself, or one Sender, who sees its own rows and no internal report. */
export type Reader = { readonly kind: "receiver" } | { readonly kind: "sender"; readonly sender: SenderId };

/** How far the tables are behind the log. */
export type ProjectionLag = {
  /** Events read from the log and not yet in the tables; bounded by the projector's buffer. */
  readonly pendingEvents: number;
  /** Age of the oldest of them; 0 when there is none. */
  readonly behindMs: Milliseconds;
  /** When the log took the newest event that is in the tables; null: none yet. */
  readonly upTo: Instant | null;
  /** False while the first pass over the log is still running. */
  readonly caughtUp: boolean;
};

/** What a column holds, in words that stand beside the figure. */
export type ReportColumn = {
  readonly name: string;
  readonly title: string;
  readonly meaning: string;
  readonly unit: "text" | "day" | "count" | "minutes" | "seconds" | "hours" | "share";
};

export type ReportChart = {
  readonly kind: "bars" | "line";
  readonly title: string;
  /** Columns: one mark per distinct `x`, one series per entry of `series`, summed over the rest. */
  readonly x: string;
  readonly series: readonly string[];
};

export type ReportSummary = {
  readonly name: string;
  readonly title: string;
  readonly describes: string;
};

/** As asked for at the edge: days are "YYYY-MM-DD" in `zone`, both inclusive; null takes the default. */
export type ReportFilter = {
  readonly from: string | null;
  readonly to: string | null;
  readonly zone: string | null;
  readonly sender: string | null;
};

export type Report = ReportSummary & {
  readonly columns: readonly ReportColumn[];
  readonly charts: readonly ReportChart[];
  readonly rows: readonly (readonly Value[])[];
  /** Sums of the columns that may be summed; null elsewhere. */
  readonly totals: readonly (number | null)[];
  /** The filter in force, defaults filled in. */
  readonly filter: {
    readonly from: string;
    readonly to: string;
    readonly zone: string;
    readonly sender: SenderId | null;
  };
  /** What was run, for whoever wants to check it. */
  readonly sql: string;
  readonly parameters: Readonly<Record<string, string | number>>;
  readonly lag: ProjectionLag;
  readonly madeAt: Instant;
};

export interface Reports {
  list(reader: Reader): readonly ReportSummary[];
  /** Null: no such report for this reader. Throws `ReportFilterError`, and what `Analytics` throws. */
  run(name: string, filter: ReportFilter, reader: Reader, signal?: AbortSignal): Promise<Report | null>;
  /** Any SELECT over the views (N17). Throws `SqlRefusedError`, and what `Analytics` throws. */
  ask(sql: string, reader: Reader, signal?: AbortSignal): Promise<SqlAnswer>;
  lag(): ProjectionLag;
}

export type SqlAnswer = ResultSet & {
  /** The statement as the engine understood it. */
  readonly sql: string;
  readonly elapsedMs: Milliseconds;
  readonly lag: ProjectionLag;
};

/** The gate before the engine: text from a stranger becomes rows, or a refusal with its reason. */
export interface SqlGate {
  ask(
    sql: string,
    scope: SenderId | null,
    signal?: AbortSignal,
  ): Promise<ResultSet & { readonly sql: string }>;
}

/** Stable codes: never reused for another meaning. */
export type SqlRefusal =
  | "too-long"
  | "not-understood"
  | "not-a-select"
  | "writes-a-file"
  | "changes-settings"
  | "odd-name"
  | "table-closed"
  | "table-function-closed"
  | "function-closed"
  | "node-unknown";

/** The statement is not one that a reader may run. Trying again unchanged can't help. */
export class SqlRefusedError extends Error {
  readonly retryable = false;
  override readonly name = "SqlRefusedError";
  readonly reason: SqlRefusal;

  constructor(reason: SqlRefusal, message: string) {
    super(message);
    this.reason = reason;
  }
}

/** The filter makes no sense; the message says which field, what was found and what is expected. */
export class ReportFilterError extends Error {
  readonly retryable = false;
  override readonly name = "ReportFilterError";
  readonly field: keyof ReportFilter;

  constructor(field: keyof ReportFilter, message: string) {
    super(message);
    this.field = field;
  }
}
