/**
 * Compaction in the manner of Kafka's cleaner: a pass remembers, from some position on, the newest record of each
 * key, finds all earlier ones of these keys, and deletes them oldest first in small transactions. A reader in the
 * middle of a restore may see less than before, never something that is not so. A partition with more keys than a
 * pass may remember takes several passes, each going on where the one before has stopped.
 */
import type { DatabaseSync } from "node:sqlite";
import type { Instant } from "../../../domain/kernel/time.ts";
import type { TopicName } from "../../../domain/ports/event-log.ts";
import { DELETE_CHUNK_MAX } from "./retention.ts";
import { TOPIC_NUMBERS } from "./schema.ts";

/** Keys remembered in one pass. */
export const COMPACTION_KEYS_MAX = 200_000;
const SCAN_CHUNK = 2_000;

type Row = { pos: number; key: string; at: number; gone: number };
/** `alone`: no earlier record of its key was found. */
type Newest = { readonly pos: number; readonly tombstoneAt: number | null; readonly alone: boolean };
type Place = { readonly topic: number; readonly partition: number };

type Compacted = {
  /** Records that went. */
  readonly removed: number;
  /** From where the next pass must go on; null: this one came to the end. */
  readonly goOnFrom: number | null;
};

/** Begins at `from`, 0 or where the last pass has stopped. Tombstones go when older than `tombstonesBefore`. */
export function compactPartition(
  db: DatabaseSync,
  topic: TopicName,
  partition: number,
  pass: { readonly from: number; readonly tombstonesBefore: Instant; readonly keysMax?: number },
): Compacted {
  const { from, tombstonesBefore, keysMax = COMPACTION_KEYS_MAX } = pass;
  const place = { topic: TOPIC_NUMBERS[topic], partition };
  const { newest, replaced, goOnFrom } = readOn(db, place, from, keysMax);
  for (const pos of replacedBefore(db, place, from, newest)) replaced.push(pos);
  const positions = [...replaced, ...endedTombstones(newest, tombstonesBefore)].toSorted((a, b) => a - b);
  deleteInChunks(db, place, positions);
  return { removed: positions.length, goOnFrom };
}

type Read = {
  readonly newest: Map<string, Newest>;
  readonly replaced: number[];
  readonly goOnFrom: number | null;
};

/** To the end, or to the first key that is one too many. */
function readOn(db: DatabaseSync, place: Place, from: number, keysMax: number): Read {
  const newest = new Map<string, Newest>();
  const replaced: number[] = [];
  for (const { pos, key, at, gone } of scan(db, place, from, Number.MAX_SAFE_INTEGER)) {
    const earlier = newest.get(key);
    if (earlier !== undefined) replaced.push(earlier.pos);
    else if (newest.size >= keysMax) return { newest, replaced, goOnFrom: pos };
    newest.set(key, { pos, tombstoneAt: gone === 1 ? at : null, alone: earlier === undefined });
  }
  return { newest, replaced, goOnFrom: null };
}

/** Where earlier passes have been: what the keys of this one had there. They are marked as not alone. */
function* replacedBefore(
  db: DatabaseSync,
  place: Place,
  before: number,
  newest: Map<string, Newest>,
): Generator<number> {
  for (const { pos, key } of scan(db, place, 0, before)) {
    const found = newest.get(key);
    if (found === undefined) continue;
    if (found.alone) newest.set(key, { ...found, alone: false });
    yield pos;
  }
}

/**
 * A tombstone stays for one pass longer than what it deleted, or a reader that has just read the deleted record
 * would never hear of its end.
 */
function endedTombstones(newest: ReadonlyMap<string, Newest>, before: Instant): readonly number[] {
  return [...newest.values()]
    .filter(({ tombstoneAt, alone }) => alone && tombstoneAt !== null && tombstoneAt < before)
    .map(({ pos }) => pos);
}

/** The records from `from` (inclusive) to `to` (exclusive), in order. */
function* scan(db: DatabaseSync, { topic, partition }: Place, from: number, to: number): Generator<Row> {
  const select = db.prepare(
    `SELECT pos, key, at, value IS NULL AS gone FROM log
     WHERE topic = ? AND part = ? AND pos > ? AND pos < ? ORDER BY pos LIMIT ${SCAN_CHUNK}`,
  );
  let after = from - 1;
  for (;;) {
    // In chunks: a long read would keep the WAL from being reset.
    const rows = select.all(topic, partition, after, to) as Row[];
    yield* rows;
    const last = rows.at(-1);
    if (last === undefined) return;
    after = last.pos;
  }
}

export function deleteInChunks(
  db: DatabaseSync,
  { topic, partition }: Place,
  positions: readonly number[],
): void {
  const remove = db.prepare("DELETE FROM log WHERE topic = ? AND part = ? AND pos = ?");
  for (let start = 0; start < positions.length; start += DELETE_CHUNK_MAX) {
    db.exec("BEGIN IMMEDIATE");
    try {
      for (const pos of positions.slice(start, start + DELETE_CHUNK_MAX)) remove.run(topic, partition, pos);
      db.exec("COMMIT");
    } catch (error) {
      if (db.isTransaction) db.exec("ROLLBACK");
      throw error;
    }
  }
}
