/**
 * Compaction in the manner of Kafka's cleaner: one pass over a partition finds, for each key, the records that a
 * later one has replaced, and deletes them oldest first in small transactions. A reader in the middle of a
 * restore may see less than before, never something that is not so.
 */
import type { DatabaseSync } from "node:sqlite";
import type { Instant } from "../../../domain/kernel/time.ts";
import type { TopicName } from "../../../domain/ports/event-log.ts";
import { DELETE_CHUNK_MAX } from "./retention.ts";
import { TOPIC_NUMBERS } from "./schema.ts";

/** Keys remembered in one pass; a partition with more is compacted as far as that reaches. */
export const COMPACTION_KEYS_MAX = 200_000;
const SCAN_CHUNK = 2_000;

type Row = { pos: number; key: string; at: number; gone: number };
type Newest = { readonly pos: number; readonly tombstoneAt: number | null; readonly first: boolean };

/** Answers how many records went. Tombstones go when older than `tombstonesBefore`. */
export function compactPartition(
  db: DatabaseSync,
  topic: TopicName,
  partition: number,
  tombstonesBefore: Instant,
): number {
  const newest = new Map<string, Newest>();
  const replaced: number[] = [];
  for (const { pos, key, at, gone } of scan(db, TOPIC_NUMBERS[topic], partition)) {
    const earlier = newest.get(key);
    if (earlier !== undefined) replaced.push(earlier.pos);
    else if (newest.size >= COMPACTION_KEYS_MAX) break;
    newest.set(key, { pos, tombstoneAt: gone === 1 ? at : null, first: earlier === undefined });
  }
  // A tombstone stays for one pass longer than what it deleted, or a reader that has just read the deleted
  // record would never hear of its end.
  const tombstones = [...newest.values()].filter(
    ({ tombstoneAt, first }) => first && tombstoneAt !== null && tombstoneAt < tombstonesBefore,
  );
  const positions = [...replaced, ...tombstones.map(({ pos }) => pos)].toSorted((a, b) => a - b);
  deleteInChunks(db, TOPIC_NUMBERS[topic], partition, positions);
  return positions.length;
}

function* scan(db: DatabaseSync, topic: number, partition: number): Generator<Row> {
  const select = db.prepare(
    `SELECT pos, key, at, value IS NULL AS gone FROM log
     WHERE topic = ? AND part = ? AND pos > ? ORDER BY pos LIMIT ${SCAN_CHUNK}`,
  );
  let after = -1;
  for (;;) {
    // In chunks: a long read would keep the WAL from being reset.
    const rows = select.all(topic, partition, after) as Row[];
    yield* rows;
    const last = rows.at(-1);
    if (last === undefined) return;
    after = last.pos;
  }
}

export function deleteInChunks(
  db: DatabaseSync,
  topic: number,
  partition: number,
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
