/**
 * Whether the tables of the reports hold exactly the rows that the log gives. The tables are asked first, how far
 * they are and what they sum to; then the rows are made again from the log up to there, and summed the same way.
 */
import type { Finding } from "../../domain/audit/finding.ts";
import { type Row, type Value, valueText } from "../../domain/ports/analytics.ts";
import type { ReportFigures } from "../../domain/ports/audit.ts";
import type { Digests } from "../../domain/ports/digests.ts";
import type { Delivered } from "../../domain/ports/event-log.ts";
import { createOpenRequests } from "../../projections/reports/open-requests.ts";
import {
  BUCKET_OFFSETS,
  COMPARED_TABLES,
  type ComparedTable,
  newestSql,
  rowAgesAt,
  rowText,
  type SumsOf,
  sumsSql,
} from "../../projections/reports/row-sums.ts";
import { rowsOfRange } from "../../projections/reports/rows-of-range.ts";

/** The tables, by whatever way this process reaches them. Rejects where they can't be asked. */
export type AskTables = (sql: string) => Promise<readonly (readonly Value[])[]>;

type Sum = { count: number; total: bigint };
type Sums = Record<ComparedTable, Map<number, Sum>>;

const TABLES = Object.keys(COMPARED_TABLES) as readonly ComparedTable[];
const SUM_MODULUS = 2n ** 64n;
/** Times that the tables are asked until no batch is written in between. */
export const ASKS_MAX = 5;

/** Rows kept beyond those that may still be replaced, so that they are not looked through at every batch. */
const REPLACEABLE_KEPT = 1_000;

export type ReportCheck = {
  /** The next records of the partition, in order. */
  take(records: readonly Delivered<"events">[]): void;
  findings(): readonly Finding[];
  figures(): ReportFigures;
};

/** The check of one partition, of which the tables said `asked`. `since`: older rows may have gone by retention. */
export function createReportCheck(
  partition: number,
  { upTo, sums: found, settled }: TableSums,
  { digests, since }: { readonly digests: Pick<Digests, "sha256">; readonly since: number },
): ReportCheck {
  const open = createOpenRequests();
  const expected = emptySums();
  /** The newest row of each Request that may still change, so that it can be taken off. */
  const newest = new Map<string, { readonly bucket: number; readonly hash: bigint }>();
  let last = -1;

  const hashOf = (table: ComparedTable, row: Row): bigint => {
    const digest = digests.sha256(new TextEncoder().encode(rowText(table, row)));
    return new DataView(digest.buffer, digest.byteOffset).getBigUint64(0, true);
  };

  function addRow(table: ComparedTable, row: Row): void {
    const bucket = Math.floor(Number(row["o"]) / BUCKET_OFFSETS);
    const hash = hashOf(table, row);
    if (table === "requests") replaceRow(String(row["request_id"]), bucket, hash, row);
    if (rowAgesAt(table, row) >= since) add(expected[table], bucket, hash, 1);
  }

  function replaceRow(request: string, bucket: number, hash: bigint, row: Row): void {
    const before = newest.get(request);
    if (before !== undefined && rowAgesAt("requests", row) >= since)
      add(expected.requests, before.bucket, -before.hash, -1);
    newest.set(request, { bucket, hash });
  }

  /** What the fold has forgotten does not change any more. */
  function forgetSettled(): void {
    if (newest.size < 2 * open.byId.size + REPLACEABLE_KEPT) return;
    for (const request of newest.keys()) if (!open.byId.has(request)) newest.delete(request);
  }

  function findings(): Finding[] {
    const tables = settled ? TABLES : TABLES.filter((table) => table !== "requests");
    const differing = tables.flatMap((table) => differences(table, expected[table], found[table], partition));
    if (last <= upTo && settled) return differing;
    const detail = settled
      ? `they end at offset ${upTo}, the log at ${last}`
      : "they were being written all the time: the table of Requests was not compared";
    return [
      ...differing,
      { code: "reports-behind", place: placeOf("events", partition, upTo), request: null, detail },
    ];
  }

  return {
    take(records) {
      last = records.at(-1)?.offset ?? last;
      const known = records.filter(({ offset }) => offset <= upTo);
      const rows = rowsOfRange(open, known);
      for (const table of TABLES) for (const row of rows[table]) addRow(table, row);
      forgetSettled();
    },
    findings,
    figures: () => ({
      events: countOf(expected.events),
      calls: countOf(expected.calls),
      requests: settled ? countOf(expected.requests) : 0,
    }),
  };
}

/** What the tables say of one partition. */
export type TableSums = {
  /** Newest offset that they hold; -1: none. */
  readonly upTo: number;
  readonly sums: Sums;
  /** Whether the table of Requests stood still meanwhile. */
  readonly settled: boolean;
};

/**
 * Asks the tables how far they are and what they sum to, all partitions at once. The projector writes Requests
 * before events: while a batch is on its way the table of Requests is ahead of what the events say, and is asked
 * again, so many times.
 */
export async function askTableSums(
  partitions: number,
  ask: AskTables,
  since: number,
): Promise<readonly TableSums[]> {
  for (let asks = 1; ; asks += 1) {
    const upTo = await newestOf("events", ask);
    const sums = await sumsOf(ask, { upTo, since }, partitions);
    const requests = await newestOf("requests", ask);
    const events = await newestOf("events", ask);
    const all = sums.map((some, partition) => {
      const end = upTo.get(partition) ?? -1;
      const settled = (requests.get(partition) ?? -1) <= end && (events.get(partition) ?? -1) === end;
      return { upTo: end, sums: some, settled };
    });
    if (asks === ASKS_MAX || all.every(({ settled }) => settled)) return all;
  }
}

async function newestOf(table: ComparedTable, ask: AskTables): Promise<Map<number, number>> {
  return new Map(
    (await ask(newestSql(table))).map(([partition, newest]) => [Number(partition), Number(newest)]),
  );
}

async function sumsOf(ask: AskTables, of: SumsOf, partitions: number): Promise<readonly Sums[]> {
  const sums = Array.from({ length: partitions }, emptySums);
  // Empty tables hold nothing that could be wrong, and a condition without partitions would be none.
  if (of.upTo.size === 0) return sums;
  for (const table of TABLES) {
    for (const [partition, bucket, count, total] of await ask(sumsSql(table, of))) {
      const sum = { count: Number(count), total: BigInt(valueText(total)) };
      sums[Number(partition)]?.[table].set(Number(bucket), sum);
    }
  }
  return sums;
}

function emptySums(): Sums {
  return { events: new Map(), calls: new Map(), requests: new Map() };
}

function add(sums: Map<number, Sum>, bucket: number, hash: bigint, count: number): void {
  const sum = sums.get(bucket) ?? { count: 0, total: 0n };
  sum.count += count;
  sum.total = (sum.total + hash + SUM_MODULUS) % SUM_MODULUS;
  sums.set(bucket, sum);
}

function countOf(sums: ReadonlyMap<number, Sum>): number {
  let count = 0;
  for (const sum of sums.values()) count += sum.count;
  return count;
}

const NOTHING: Sum = { count: 0, total: 0n };

function differences(
  table: ComparedTable,
  expected: ReadonlyMap<number, Sum>,
  found: ReadonlyMap<number, Sum>,
  partition: number,
): Finding[] {
  const buckets = [...new Set([...expected.keys(), ...found.keys()])].toSorted((one, other) => one - other);
  return buckets.flatMap((bucket) => {
    const ours = expected.get(bucket) ?? NOTHING;
    const theirs = found.get(bucket) ?? NOTHING;
    if (ours.count === theirs.count && ours.total === theirs.total) return [];
    const first = bucket * BUCKET_OFFSETS;
    const rows =
      ours.count === theirs.count
        ? `${ours.count} rows, other content`
        : `${ours.count} rows by the log, ${theirs.count} there`;
    const detail = `v_${table}, events ${first} to ${first + BUCKET_OFFSETS - 1}: ${rows}`;
    return [
      {
        code: "reports-differ" as const,
        place: placeOf(`v_${table}`, partition, first),
        request: null,
        detail,
      },
    ];
  });
}

function placeOf(topic: string, partition: number, offset: number): NonNullable<Finding["place"]> {
  return { topic, partition, offset };
}
