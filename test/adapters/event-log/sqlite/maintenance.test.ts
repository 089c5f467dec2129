import { statSync } from "node:fs";
import type { DatabaseSync } from "node:sqlite";
import fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { LogStore } from "../../../../adapters/event-log/log-store.ts";
import { EMBEDDED_PARTITIONS } from "../../../../adapters/event-log/partitions.ts";
import { COMPACTION_KEYS_MAX, compactPartition } from "../../../../adapters/event-log/sqlite/compaction.ts";
import { openConnection } from "../../../../adapters/event-log/sqlite/connection.ts";
import {
  CHECKPOINT_WAL_BYTES,
  COMPACTION_RECORDS_MIN,
  createMaintainer,
  type Maintainer,
  RESTART_WAL_BYTES,
} from "../../../../adapters/event-log/sqlite/maintenance.ts";
import type { RecordToStore } from "../../../../adapters/event-log/stored-record.ts";
import { DAY_MS, instant } from "../../../../domain/kernel/time.ts";
import type { TopicName } from "../../../../domain/ports/event-log.ts";
import { makeSqliteHouse, type SqliteHouse } from "./sqlite-house.ts";

let house: SqliteHouse;
let store: LogStore;
let db: DatabaseSync;
const now = (): ReturnType<typeof instant> => instant(Date.now());

beforeEach(() => {
  house = makeSqliteHouse();
  store = house.openStore();
  db = openConnection(house.path, EMBEDDED_PARTITIONS);
});
afterEach(async () => {
  db.close();
  await store.close();
  await house.close();
});

function maintainer(owner = "a", retention = {}): Maintainer {
  return createMaintainer(db, { path: house.path, counts: EMBEDDED_PARTITIONS, owner, retention });
}

function record(topic: TopicName, key: string, value: string | null = "x", partition = 0): RecordToStore {
  return { topic, partition, key, value: value === null ? null : Buffer.from(value), envelope: "[]" };
}

const all = { from: 0, to: Number.MAX_SAFE_INTEGER, limit: 10_000 };
const keys = (topic: TopicName): string[] => store.readBatch(topic, 0, all).map(({ key }) => key);
const oldestTwo = (): readonly string[] =>
  store.readBatch("state", 0, { ...all, limit: 2 }).map(({ key }) => key);
const FAR = instant(Number.MAX_SAFE_INTEGER);

test("one process maintains the log; another one waits for its lease to end", () => {
  const [mine, theirs] = [maintainer("a"), maintainer("b")];
  expect(mine.clean(now())).not.toBeNull();
  expect(theirs.clean(now())).toBeNull();
  expect(theirs.clean(instant(now() + DAY_MS))).not.toBeNull();
});

test("a small WAL is left alone; a large one is copied, and then written over instead of growing on", async () => {
  const wal = `${house.path}-wal`;
  const duty = maintainer();
  const small = duty.checkpoint(now());
  expect(small).toBe(statSync(wal).size);
  const large = "x".repeat(900_000);
  const fill = async (bytes: number): Promise<void> => {
    while (statSync(wal).size < bytes) await store.append([record("requests", "k", large)]);
  };
  await fill(CHECKPOINT_WAL_BYTES);
  duty.checkpoint(now());
  expect(statSync(wal).size).toBeGreaterThanOrEqual(CHECKPOINT_WAL_BYTES);
  await fill(RESTART_WAL_BYTES);
  expect(duty.checkpoint(now())).toBeGreaterThanOrEqual(RESTART_WAL_BYTES);
  const { size } = statSync(wal);
  for (let more = 0; more < 3; more += 1) await store.append([record("requests", "k", large)]);
  expect(statSync(wal).size).toBe(size);
  // What counts is what is written in it, not the size of the file.
  const used = duty.checkpoint(now());
  expect(used).toBeGreaterThan(3 * large.length);
  expect(used).toBeLessThan(CHECKPOINT_WAL_BYTES);
  expect(store.readBatch("requests", 0, { ...all, limit: 1 })).toHaveLength(1);
});

test("old records go, those that a group has not handled stay however old", async () => {
  const keep = { requests: DAY_MS, offers: DAY_MS };
  await store.append([1, 2, 3].map((number) => record("requests", `k${number}`)));
  await store.append([record("offers", "o"), record("events", "e")]);
  const tomorrow = instant(now() + 2 * DAY_MS);
  expect(maintainer("a", keep).clean(tomorrow)?.expired).toBe(1);
  expect([keys("requests"), keys("offers"), keys("events")]).toEqual([["k1", "k2", "k3"], [], ["e"]]);

  const presence = { group: "dispatcher", member: "m", now: now(), until: FAR };
  const mark = (): { state: RecordToStore; events: RecordToStore } => ({
    state: record("state", "owner"),
    events: record("events", "owner"),
  });
  const taken = await store.claim(presence, 0, mark);
  if (taken !== null) await store.commit(taken.claim, [], 1);
  expect(maintainer("a", keep).clean(tomorrow)?.expired).toBe(2);
  expect(keys("requests")).toEqual(["k3"]);
});

test("young records stay", async () => {
  await store.append([record("offers", "o")]);
  expect(maintainer("a", { offers: DAY_MS }).clean(now())?.expired).toBe(0);
});

test("more records than one chunk expire in one cleaning", async () => {
  await store.append(Array.from({ length: 1_700 }, (_, number) => record("offers", `k${number}`)));
  expect(maintainer("a", { offers: DAY_MS }).clean(instant(now() + 2 * DAY_MS))?.expired).toBe(1_700);
});

test("a compacted topic is cleaned once enough has come, and not again for nothing", async () => {
  const duty = maintainer();
  await store.append(
    Array.from({ length: COMPACTION_RECORDS_MIN }, (_, number) => record("load", `tel-${number % 3}`)),
  );
  expect(duty.clean(now())?.compacted).toBe(COMPACTION_RECORDS_MIN - 3);
  expect(keys("load").toSorted()).toEqual(["tel-0", "tel-1", "tel-2"]);
  expect(duty.clean(now())?.compacted).toBe(0);
});

const compact = (from: number, tombstonesBefore = FAR, keysMax?: number) =>
  compactPartition(db, "state", 0, {
    from,
    tombstonesBefore,
    ...(keysMax === undefined ? {} : { keysMax }),
  });

test("a tombstone outlives what it deleted by one pass, and a young one stays", async () => {
  await store.append([record("state", "a"), record("state", "a", null)]);
  expect(compact(0).removed).toBe(1);
  expect(keys("state")).toEqual(["a"]);
  expect(compact(0, instant(0)).removed).toBe(0);
  expect(compact(0).removed).toBe(1);
  expect(keys("state")).toEqual([]);
});

test("so it does where what it deleted was seen by an earlier pass than the tombstone itself", async () => {
  await store.append([record("state", "a"), record("state", "b"), record("state", "a", null)]);
  const first = compact(0, FAR, 1);
  expect(first).toEqual({ removed: 0, goOnFrom: 1 });
  expect(compact(1, FAR, 2)).toEqual({ removed: 1, goOnFrom: null });
  expect(store.readBatch("state", 0, all).map(({ key, value }) => [key, value === null])).toEqual([
    ["b", false],
    ["a", true],
  ]);
  compact(0, FAR, 2);
  expect(keys("state")).toEqual(["b"]);
});

test("a partition with more keys than a pass remembers is gone on with in the next, though nothing new came", () => {
  const rows = db.prepare("INSERT INTO log VALUES (2, 0, ?, 0, ?, x'00', '[]')");
  const last = COMPACTION_KEYS_MAX + 2;
  db.exec("BEGIN IMMEDIATE");
  rows.run(0, "first");
  for (let pos = 1; pos < COMPACTION_KEYS_MAX; pos += 1) rows.run(pos, `k${pos}`);
  rows.run(COMPACTION_KEYS_MAX, "first");
  rows.run(COMPACTION_KEYS_MAX + 1, "one too many");
  rows.run(last, "k1");
  db.exec(
    `INSERT INTO part VALUES (2, 0, ${last + 1}) ON CONFLICT (topic, part) DO UPDATE SET next = ${last + 1}`,
  );
  db.exec("COMMIT");
  const duty = maintainer();
  expect(duty.clean(now())?.compacted).toBe(1);
  expect(oldestTwo()).toEqual(["k1", "k2"]);
  expect(duty.clean(now())?.compacted).toBe(1);
  expect(oldestTwo()).toEqual(["k2", "k3"]);
  expect(duty.clean(now())?.compacted).toBe(0);
});

test("however few keys a pass remembers, passes up to the end leave of each key the newest record alone", () => {
  const written = fc.array(fc.constantFrom("a", "b", "c", "d", "e"), { minLength: 1, maxLength: 40 });
  const rows = db.prepare("INSERT INTO log VALUES (2, 0, ?, 0, ?, x'00', '[]')");
  fc.assert(
    fc.property(written, fc.integer({ min: 1, max: 6 }), (sequence, keysMax) => {
      db.exec("DELETE FROM log");
      for (const [pos, key] of sequence.entries()) rows.run(pos, key);
      let passes = 0;
      for (let from: number | null = 0; from !== null; passes += 1) {
        from = compact(from, FAR, keysMax).goOnFrom;
      }
      expect(passes).toBeLessThanOrEqual(sequence.length);
      const newest = new Map(sequence.map((key, pos) => [key, pos]));
      const left = store.readBatch("state", 0, all).map(({ key, offset }) => [key, offset]);
      expect(left).toEqual([...newest].toSorted(([, one], [, other]) => one - other));
    }),
  );
});
