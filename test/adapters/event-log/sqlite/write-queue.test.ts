import type { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, expect, test } from "vitest";
import { EMBEDDED_PARTITIONS } from "../../../../adapters/event-log/partitions.ts";
import { openConnection } from "../../../../adapters/event-log/sqlite/connection.ts";
import {
  createWriteQueue,
  TRANSACTION_RECORDS_MAX,
  WAITING_JOBS_MAX,
  type WriteQueue,
} from "../../../../adapters/event-log/sqlite/write-queue.ts";
import { LogFullError, LogUnavailableError, OwnershipLostError } from "../../../../domain/ports/event-log.ts";
import { makeSqliteHouse, type SqliteHouse } from "./sqlite-house.ts";

let house: SqliteHouse;
let db: DatabaseSync;
let other: DatabaseSync;
let commits: number;
let queue: WriteQueue;

beforeEach(() => {
  house = makeSqliteHouse();
  db = openConnection(house.path, EMBEDDED_PARTITIONS);
  other = openConnection(house.path, EMBEDDED_PARTITIONS);
  commits = 0;
  queue = createWriteQueue({
    db,
    path: house.path,
    onCommitted: () => {
      commits += 1;
    },
    onSyncFailure: () => undefined,
    writeWaitMsMax: 60,
  });
});
afterEach(async () => {
  other.close();
  db.close();
  await house.close();
});

const bump = (group: string) => (): void => {
  db.prepare("INSERT INTO team VALUES (?, 1)").run(group);
};
const groups = (): unknown[] =>
  other
    .prepare("SELECT grp FROM team ORDER BY grp")
    .all()
    .map((row) => row["grp"]);

test("what is asked for in one turn of the event loop is one transaction", async () => {
  await Promise.all(["a", "b", "c"].map((group) => queue.run(1, bump(group))));
  expect(groups()).toEqual(["a", "b", "c"]);
  expect(commits).toBe(1);
});

test("a write waits for the lock of another process", async () => {
  other.exec("BEGIN IMMEDIATE");
  const written = queue.run(1, bump("a"));
  setImmediate(() => setImmediate(() => other.exec("COMMIT")));
  await written;
  expect(groups()).toEqual(["a"]);
});

test("a write that gets no lock in time is unavailable, retryable, and leaves nothing", async () => {
  other.exec("BEGIN IMMEDIATE");
  await expect(queue.run(1, bump("a"))).rejects.toThrow(LogUnavailableError);
  other.exec("COMMIT");
  expect(groups()).toEqual([]);
  await queue.run(1, bump("b"));
  expect(groups()).toEqual(["b"]);
});

test("more waiting writes than the limit are refused at once, the others done", async () => {
  const results = Array.from({ length: WAITING_JOBS_MAX + 1 }, () => queue.run(0, () => 1));
  await expect(results.at(-1)).rejects.toThrow(LogUnavailableError);
  const done = await Promise.all(results.slice(0, -1));
  expect(done).toHaveLength(WAITING_JOBS_MAX);
});

test("a lost claim is refused alone; what shares its transaction is written", async () => {
  const lost = queue.run(1, () => {
    throw new OwnershipLostError("superseded");
  });
  const kept = queue.run(1, bump("kept"));
  await expect(lost).rejects.toThrow(OwnershipLostError);
  await kept;
  expect(groups()).toEqual(["kept"]);
});

test("a job that breaks undoes its whole transaction", async () => {
  const first = queue.run(1, bump("first"));
  const broken = queue.run(1, () => {
    throw new TypeError("a bug");
  });
  await expect(broken).rejects.toThrow("a bug");
  await expect(first).rejects.toThrow("a bug");
  expect(groups()).toEqual([]);
});

test("a file that may not grow is full; once it may, the log goes on", async () => {
  db.exec(`PRAGMA max_page_count = ${String(db.prepare("PRAGMA page_count").get()?.["page_count"])}`);
  const large = "x".repeat(50_000);
  await expect(queue.run(1, bump(large))).rejects.toThrow(LogFullError);
  db.exec("PRAGMA max_page_count = 1000000");
  await queue.run(1, bump("small"));
  expect(groups()).toEqual(["small"]);
});

test("more records than one transaction takes are written in several", async () => {
  const half = TRANSACTION_RECORDS_MAX / 2 + 1;
  await Promise.all(["a", "b", "c"].map((group) => queue.run(half, bump(group))));
  expect(groups()).toEqual(["a", "b", "c"]);
  expect(commits).toBe(3);
});
