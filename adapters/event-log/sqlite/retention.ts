import type { DatabaseSync } from "node:sqlite";
import { DAY_MS, type Instant } from "../../../domain/kernel/time.ts";
import type { TopicName } from "../../../domain/ports/event-log.ts";
import { TOPIC_NUMBERS } from "./schema.ts";

/** How long records of a topic are kept, in milliseconds; a topic that is not named is kept for ever. */
export type Retention = Partial<Readonly<Record<TopicName, number>>>;

export const DEFAULT_RETENTION: Retention = { requests: 30 * DAY_MS, offers: DAY_MS };

/** Rows deleted in one transaction: others wait for the write lock no longer than that takes. */
export const DELETE_CHUNK_MAX = 500;

/**
 * Deletes what is older than `before`, oldest first, and never an input that a group has not handled yet.
 * Answers how many records went.
 */
export function expireRecords(
  db: DatabaseSync,
  topic: TopicName,
  partition: number,
  before: Instant,
): number {
  const remove = db.prepare(
    `DELETE FROM log WHERE topic = ?1 AND part = ?2 AND pos IN (
       SELECT pos FROM log WHERE topic = ?1 AND part = ?2 AND pos <= ?3 ORDER BY pos LIMIT ${DELETE_CHUNK_MAX}
     ) AND at < ?4`,
  );
  const limit = topic === "requests" ? handledByAll(db, partition) : Number.MAX_SAFE_INTEGER;
  let total = 0;
  for (;;) {
    const { changes } = remove.run(TOPIC_NUMBERS[topic], partition, limit, before);
    total += Number(changes);
    if (Number(changes) < DELETE_CHUNK_MAX) return total;
  }
}

/** The highest offset that every group has handled; -1 before any has. */
function handledByAll(db: DatabaseSync, partition: number): number {
  const row = db.prepare("SELECT min(handled) AS handled FROM position WHERE part = ?").get(partition);
  const handled = row?.["handled"];
  return typeof handled === "number" ? handled : -1;
}
