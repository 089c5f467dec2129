/**
 * How far each partition of `events` is in the tables, and what was being written when somebody died.
 *
 * A batch is a stretch of each of some partitions. First its intent is written, then the rows, each table with a
 * token made of the batch's name, then that it is done. After a crash an intent that is not done is repeated over
 * the same stretches, hence with the same rows and tokens, and what had arrived is not written again.
 */
import { type Row, type Value, valueText } from "../../domain/ports/analytics.ts";
import type { Delivered } from "../../domain/ports/event-log.ts";
import { STORE } from "./table.ts";

export type Stretch = { readonly partition: number; readonly records: readonly Delivered<"events">[] };

export type Bookmark = {
  readonly partition: number;
  readonly batch: string;
  readonly first: number;
  readonly last: number;
  /** Where a fold must begin to know what was known before `first` (intent) or after `last` (done); null: anywhere. */
  readonly openFrom: number | null;
  /** When the log took the last record, in milliseconds since the epoch. */
  readonly upTo: number;
  readonly done: boolean;
};

export const BOOKMARKS_TABLE = `${STORE}.bookmarks`;
export const BOOKMARKS_QUERY = `SELECT p, batch, first_o, last_o, open_from, toUnixTimestamp64Milli(up_to), done FROM ${BOOKMARKS_TABLE} FINAL ORDER BY p`;

/** The same stretches always have the same name. */
export function batchName(stretches: readonly Stretch[]): string {
  return stretches
    .map(({ partition, records }) => `${partition}:${firstOf(records)}-${lastOf(records)}`)
    .join(",");
}

export function bookmarkOf(
  stretch: Stretch,
  batch: string,
  state: { readonly openFrom: number | null; readonly done: boolean },
): Bookmark {
  const { partition, records } = stretch;
  return {
    partition,
    batch,
    first: firstOf(records),
    last: lastOf(records),
    openFrom: state.openFrom,
    upTo: records.at(-1)?.appendedAt ?? 0,
    done: state.done,
  };
}

export function bookmarkRow(mark: Bookmark): Row {
  return {
    p: mark.partition,
    batch: mark.batch,
    first_o: mark.first,
    last_o: mark.last,
    open_from: mark.openFrom ?? -1,
    up_to: mark.upTo,
    done: mark.done ? 1 : 0,
    // Offsets grow, so a later stretch is always newer than the end of an earlier one.
    version: mark.last * 2 + (mark.done ? 1 : 0),
  };
}

export function parseBookmark(row: readonly Value[]): Bookmark {
  const [partition, batch, first, last, openFrom, upTo, done] = row;
  return {
    partition: Number(partition),
    batch: valueText(batch),
    first: Number(first),
    last: Number(last),
    openFrom: Number(openFrom) < 0 ? null : Number(openFrom),
    upTo: Number(upTo),
    done: Number(done) === 1,
  };
}

function firstOf(records: readonly Delivered<"events">[]): number {
  return records[0]?.offset ?? 0;
}

function lastOf(records: readonly Delivered<"events">[]): number {
  return records.at(-1)?.offset ?? 0;
}
