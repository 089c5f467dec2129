/**
 * Sums by which the rows of a table are held against the log without carrying them over: the same number from the
 * engine's own SQL and from rows that were made again here. Rows are summed in buckets of offsets, so that a
 * difference has a place. The order of rows does not matter, and a row that was replaced can be taken off again.
 */
import type { Row } from "../../domain/ports/analytics.ts";
import { type Table, VIEWS, viewOfTable } from "./table.ts";
import { CALLS, EVENTS, REQUESTS } from "./tables.ts";

export const COMPARED_TABLES = { events: EVENTS, calls: CALLS, requests: REQUESTS } as const;
export type ComparedTable = keyof typeof COMPARED_TABLES;

/** Offsets of one bucket. */
export const BUCKET_OFFSETS = 10_000;
/** Between the cells of a row; stands in none that we write. */
const SEPARATOR = "␟";
/** Jitter is kept in 32 bits: thousandths are what both sides agree on. */
const FLOAT_SCALE = 1_000;

type Cell = { readonly name: string; readonly type: string };

const cellsOf = (table: Table): readonly Cell[] =>
  viewOfTable(table).columns.map(({ name, type }) => ({ name, type }));

const isNumeric = (type: string): boolean => /^(?:Nullable\()?(?:U?Int|DateTime|Float)/.test(type);

/** The row as one text, as the engine's `rowSql` gives it. What a row leaves out is zero or empty. */
export function rowText(table: ComparedTable, row: Row): string {
  return cellsOf(COMPARED_TABLES[table])
    .map(({ name, type }) => {
      const value = row[name];
      if (type === "Float32") return String(Math.floor(Math.fround(Number(value ?? 0)) * FLOAT_SCALE + 0.5));
      return String(value ?? (isNumeric(type) ? 0 : ""));
    })
    .join(SEPARATOR);
}

/** When a row grows old, in milliseconds since the epoch. */
export function rowAgesAt(table: ComparedTable, row: Row): number {
  return Number(row[COMPARED_TABLES[table].ageBy] ?? 0);
}

function cellSql({ name, type }: Cell): string {
  if (type === "Float32") return `toString(toInt64(floor(toFloat64(${name}) * ${FLOAT_SCALE} + 0.5)))`;
  if (type.includes("DateTime64")) return `toString(ifNull(toUnixTimestamp64Milli(${name}), 0))`;
  if (type.startsWith("Nullable")) return `toString(ifNull(${name}, 0))`;
  return `toString(${name})`;
}

/** Which rows: of each partition up to an offset, and not so old that they may have gone. */
export type SumsOf = { readonly upTo: ReadonlyMap<number, number>; readonly since: number };

/** Answers rows of partition, bucket, count and sum; the sum as text, since it has 64 bits. */
export function sumsSql(table: ComparedTable, { upTo, since }: SumsOf): string {
  const description = COMPARED_TABLES[table];
  const cells = cellsOf(description).map(cellSql).join(", ");
  const hash = `reinterpretAsUInt64(substring(SHA256(concatWithSeparator('${SEPARATOR}', ${cells})), 1, 8))`;
  const known = [...upTo].map(([partition, offset]) => `(p = ${partition} AND o <= ${offset})`);
  const where = [`(${known.join(" OR ")})`, `toUnixTimestamp64Milli(${description.ageBy}) >= ${since}`];
  return `SELECT p, intDiv(o, ${BUCKET_OFFSETS}) AS bucket, count() AS n, toString(sum(${hash})) AS total FROM ${VIEWS}.v_${table} WHERE ${where.join(" AND ")} GROUP BY p, bucket ORDER BY p, bucket`;
}

/** Answers partition and newest offset of each partition that has rows. */
export function newestSql(table: ComparedTable): string {
  return `SELECT p, max(o) AS newest FROM ${VIEWS}.v_${table} GROUP BY p ORDER BY p`;
}
