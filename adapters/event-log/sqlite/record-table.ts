import type { DatabaseSync } from "node:sqlite";
import type { Instant } from "../../../domain/kernel/time.ts";
import type { Position, TopicName } from "../../../domain/ports/event-log.ts";
import type { StoredRange } from "../log-store.ts";
import type { RecordToStore, StoredRecord } from "../stored-record.ts";
import { TOPIC_NUMBERS } from "./schema.ts";

export type RecordTable = {
  /** Within a transaction that holds the write lock. One write lock makes commit order offset order. */
  insert(records: readonly RecordToStore[], at: Instant): readonly Position[];
  select(topic: TopicName, partition: number, range: StoredRange): readonly StoredRecord[];
  ends(topic: TopicName): readonly number[];
};

export function createRecordTable(db: DatabaseSync): RecordTable {
  const advance = db.prepare("UPDATE part SET next = next + ? WHERE topic = ? AND part = ? RETURNING next");
  const insertRow = db.prepare("INSERT INTO log VALUES (?, ?, ?, ?, ?, ?, ?)");
  const selectRows = db.prepare(
    `SELECT pos AS offset, at AS appendedAt, key, value, envelope FROM log
     WHERE topic = ? AND part = ? AND pos >= ? AND pos < ? ORDER BY pos LIMIT ?`,
  );
  const selectEnds = db.prepare("SELECT next FROM part WHERE topic = ? ORDER BY part");

  /** Reserves offsets for `count` records; the first of them. */
  function reserve(topic: number, partition: number, count: number): number {
    const next = advance.get(count, topic, partition)?.["next"];
    if (typeof next !== "number") throw new Error(`log: topic ${topic} has no partition ${partition}`);
    return next - count;
  }

  return {
    insert(records, at) {
      const counts = countByPartition(records);
      const cursors = new Map<string, number>();
      for (const [place, { topic, partition, count }] of counts) {
        cursors.set(place, reserve(topic, partition, count));
      }
      return records.map(({ topic, partition, key, value, envelope }) => {
        const place = placeOf(topic, partition);
        const offset = cursors.get(place) ?? 0;
        cursors.set(place, offset + 1);
        insertRow.run(TOPIC_NUMBERS[topic], partition, offset, at, key, value, envelope);
        return { partition, offset };
      });
    },
    select(topic, partition, { from, to, limit }) {
      // Named in the query as the record names them: another object for each row would be a seventh of a replay.
      return selectRows.all(TOPIC_NUMBERS[topic], partition, from, to, limit) as unknown as StoredRecord[];
    },
    ends: (topic) => (selectEnds.all(TOPIC_NUMBERS[topic]) as { next: number }[]).map((row) => row.next),
  };
}

type Count = { readonly topic: number; readonly partition: number; count: number };

function countByPartition(records: readonly RecordToStore[]): ReadonlyMap<string, Count> {
  const counts = new Map<string, Count>();
  for (const { topic, partition } of records) {
    const place = placeOf(topic, partition);
    const known = counts.get(place);
    if (known === undefined) counts.set(place, { topic: TOPIC_NUMBERS[topic], partition, count: 1 });
    else known.count += 1;
  }
  return counts;
}

function placeOf(topic: TopicName, partition: number): string {
  return `${topic}/${partition}`;
}
