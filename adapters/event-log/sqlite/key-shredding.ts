/**
 * What a tombstone on `keys` ends must leave the file: whoever holds an old key's bytes and the master key can
 * read again what was erased. Compaction does that for other topics when it pays; here one tombstone is enough.
 * Deleted rows are overwritten (`secure_delete`), and the WAL, which still has the pages as they were, is emptied
 * (`emptyWal`). A reader or writer may hinder the latter: it is tried again until it has been done.
 */
import type { DatabaseSync } from "node:sqlite";
import type { Instant } from "../../../domain/kernel/time.ts";
import { deleteInChunks } from "./compaction.ts";
import { TOPIC_NUMBERS } from "./schema.ts";

/** Each batch of so many tombstones costs one walk through all keys. */
const TOMBSTONES_AT_ONCE_MAX = 100_000;
const SCAN_CHUNK = 2_000;
const PARTITION = 0;

/** Answers whether a tombstone stands at or behind `from`. */
export function hasTombstoneFrom(db: DatabaseSync, from: number): boolean {
  const found = db
    .prepare("SELECT 1 FROM log WHERE topic = ? AND part = ? AND pos >= ? AND value IS NULL LIMIT 1")
    .get(TOPIC_NUMBERS.keys, PARTITION, from);
  return found !== undefined;
}

/**
 * Deletes every key that a later tombstone ends, and tombstones older than `tombstonesBefore` that end nothing more.
 * Answers how many keys went, and how many tombstones there were.
 */
export function shredKeys(
  db: DatabaseSync,
  tombstonesBefore: Instant,
): { readonly shredded: number; readonly tombstones: number } {
  let shredded = 0;
  let tombstones = 0;
  for (const batch of tombstoneBatches(db)) {
    shredded += shredBatch(db, batch, tombstonesBefore);
    tombstones += batch.size;
  }
  return { shredded, tombstones };
}

type Tombstone = { readonly pos: number; readonly at: number };
type Tombstones = ReadonlyMap<string, Tombstone>;

function* tombstoneBatches(db: DatabaseSync): Generator<Tombstones> {
  const select = db.prepare(
    `SELECT key, pos, at FROM log WHERE topic = ? AND part = ? AND pos > ? AND value IS NULL
     ORDER BY pos LIMIT ${TOMBSTONES_AT_ONCE_MAX}`,
  );
  let after = -1;
  for (;;) {
    const rows = select.all(TOPIC_NUMBERS.keys, PARTITION, after) as ({ key: string } & Tombstone)[];
    if (rows.length === 0) return;
    after = rows.at(-1)?.pos ?? after;
    yield new Map(rows.map(({ key, pos, at }) => [key, { pos, at }]));
  }
}

function shredBatch(db: DatabaseSync, tombstones: Tombstones, tombstonesBefore: Instant): number {
  const ended: number[] = [];
  const inUse = new Set<string>();
  for (const { pos, key } of keyRows(db)) {
    if (pos >= (tombstones.get(key)?.pos ?? 0)) continue;
    ended.push(pos);
    inUse.add(key);
  }
  // A tombstone stays for one pass longer than what it ended, or a reader that has just read that would never hear.
  const old = [...tombstones].filter(([key, { at }]) => at < tombstonesBefore && !inUse.has(key));
  const positions = [...ended, ...old.map(([, { pos }]) => pos)].toSorted((a, b) => a - b);
  deleteInChunks(db, { topic: TOPIC_NUMBERS.keys, partition: PARTITION }, positions);
  return ended.length;
}

function* keyRows(db: DatabaseSync): Generator<{ pos: number; key: string }> {
  const select = db.prepare(
    `SELECT pos, key FROM log WHERE topic = ? AND part = ? AND pos > ? AND value IS NOT NULL
     ORDER BY pos LIMIT ${SCAN_CHUNK}`,
  );
  let after = -1;
  for (;;) {
    // In chunks: a long read would keep the WAL from being reset.
    const rows = select.all(TOPIC_NUMBERS.keys, PARTITION, after) as { pos: number; key: string }[];
    yield* rows;
    const last = rows.at(-1);
    if (last === undefined) return;
    after = last.pos;
  }
}

/** Moves the whole WAL into the main file and cuts it to nothing. False where somebody reads or writes: try again. */
export function emptyWal(db: DatabaseSync): boolean {
  return db.prepare("PRAGMA wal_checkpoint(TRUNCATE)").get()?.["busy"] === 0;
}
