/**
 * Tables and views from one description, so that a column cannot exist in one and be forgotten in the other.
 *
 * Tables live in `reveille_store` and are private; the views `reveille.v_*` are what reports, analysts and
 * dashboards may rest on. Tables hold no NULL (zero, or the epoch, means "did not happen"); views turn that into
 * NULL where it could be mistaken for a value.
 */
export const STORE = "reveille_store";
export const VIEWS = "reveille";

export type TableColumn = {
  readonly name: string;
  readonly type: string;
  readonly codec?: string;
  readonly meaning: string;
  /** How the view shows it; the column itself where absent, not at all where null. */
  readonly shown?: { readonly type: string; readonly sql: string } | null;
};

export type Table = {
  readonly name: string;
  readonly meaning: string;
  readonly columns: readonly TableColumn[];
  /** Of the newest row of one key; null: rows of one key are equal. */
  readonly version: string | null;
  readonly partitionBy: string;
  readonly orderBy: string;
  readonly indexes: readonly string[];
  /** The column by which rows grow old. */
  readonly ageBy: string;
};

type ViewColumn = { readonly name: string; readonly type: string; readonly meaning: string };
export type View = {
  readonly name: string;
  readonly meaning: string;
  readonly columns: readonly ViewColumn[];
  readonly select: string;
};

export type TableOptions = {
  /** Rows older than this go when parts merge; null keeps them for ever. */
  readonly retentionDays: number | null;
};

// Inserts that an unclear answer makes us repeat are recognised among this many blocks before them.
const DEDUPLICATION_WINDOW = 10_000;

export function tableSql(table: Table, options: TableOptions): string {
  const columns = table.columns.map(
    ({ name, type, codec }) => `  ${name} ${type}${codec === undefined ? "" : ` CODEC(${codec})`}`,
  );
  const ttl =
    options.retentionDays === null
      ? ""
      : `\nTTL toDateTime(${table.ageBy}) + INTERVAL ${options.retentionDays} DAY`;
  return [
    `CREATE TABLE IF NOT EXISTS ${STORE}.${table.name} (`,
    [...columns, ...table.indexes.map((index) => `  INDEX ${index}`)].join(",\n"),
    `) ENGINE = ReplacingMergeTree${table.version === null ? "" : `(${table.version})`}`,
    `PARTITION BY ${table.partitionBy}`,
    `ORDER BY (${table.orderBy})${ttl}`,
    `SETTINGS non_replicated_deduplication_window = ${DEDUPLICATION_WINDOW}, fsync_after_insert = 1, fsync_part_directory = 1`,
    `COMMENT ${quote(table.meaning)}`,
  ].join("\n");
}

/** The view that shows a table as it stands, each key once. */
export function viewOfTable(table: Table): View {
  const shown = table.columns.filter((column) => column.shown !== null);
  return {
    name: `v_${table.name}`,
    meaning: table.meaning,
    columns: shown.map(({ name, type, meaning, shown: as }) => ({ name, type: as?.type ?? type, meaning })),
    select: `SELECT ${shown.map(({ name, shown: as }) => (as ? `${as.sql} AS ${name}` : name)).join(", ")}\nFROM (SELECT ${renamed(table)} FROM ${STORE}.${table.name} FINAL)`,
  };
}

// An alias equal to its source column would be taken for the column itself inside its own expression.
function renamed(table: Table): string {
  return table.columns
    .filter((column) => column.shown !== null)
    .map(({ name, shown: as }) => (as ? `${name} AS ${name}_` : name))
    .join(", ");
}

export function viewSql(view: View): string {
  const columns = view.columns.map(
    ({ name, type, meaning }) => `  ${name} ${type} COMMENT ${quote(meaning)}`,
  );
  return `CREATE OR REPLACE VIEW ${VIEWS}.${view.name} (\n${columns.join(",\n")}\n) AS ${view.select}\nCOMMENT ${quote(view.meaning)}`;
}

function quote(words: string): string {
  return `'${words.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}

/** A moment in UTC with milliseconds, always there. */
export function moment(name: string, meaning: string): TableColumn {
  return { name, type: "DateTime64(3, 'UTC')", codec: "Delta, ZSTD(1)", meaning };
}

/** A moment that may not have come: the epoch in the table, NULL in the view. */
export function momentOrNever(name: string, meaning: string): TableColumn {
  return {
    ...moment(name, meaning),
    shown: {
      type: "Nullable(DateTime64(3, 'UTC'))",
      sql: `nullIf(${name}_, toDateTime64(0, 3, 'UTC'))`,
    },
  };
}

/** A word out of few. */
export function word(name: string, meaning: string): TableColumn {
  return { name, type: "LowCardinality(String)", meaning };
}

export function text(name: string, meaning: string): TableColumn {
  return { name, type: "String", codec: "ZSTD(3)", meaning };
}

export function count(name: string, type: "UInt8" | "UInt16" | "UInt32", meaning: string): TableColumn {
  return { name, type, codec: "T64, ZSTD(1)", meaning };
}

/** Where the row comes from: sequence of its event, and its place in the log. */
export const ORIGIN: readonly TableColumn[] = [
  {
    name: "v",
    type: "UInt64",
    meaning: "Sequence of the event behind the row; the highest one wins",
    shown: null,
  },
  { name: "p", type: "UInt16", meaning: "Partition of that event in the log" },
  { name: "o", type: "UInt64", codec: "Delta, ZSTD(1)", meaning: "Offset of that event in its partition" },
];

/** The Customer as 32 hexadecimal digits; 16 bytes in the table. */
export const CUSTOMER: readonly TableColumn[] = [
  {
    name: "customer",
    type: "String",
    meaning: "Pseudonym of the Customer: 32 hexadecimal digits, never a telephone number",
  },
  word("customer_prefix", "Country and area code called, digits without plus"),
];
