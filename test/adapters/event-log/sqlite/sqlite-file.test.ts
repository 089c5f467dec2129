/** What is peculiar to the embedded log: its file, its bell, its processes. */
import { rmSync } from "node:fs";
import { afterEach, beforeEach, expect, test } from "vitest";
import { EMBEDDED_PARTITIONS } from "../../../../adapters/event-log/partitions.ts";
import { openConnection } from "../../../../adapters/event-log/sqlite/connection.ts";
import { startMaintenance } from "../../../../adapters/event-log/sqlite/maintenance-host.ts";
import { createSqliteLog } from "../../../../adapters/event-log/sqlite/sqlite-log.ts";
import { createFreezableClock } from "../../../contract/event-log-clock.ts";
import { inputEntry } from "../../../contract/event-log-entries.ts";
import { makeSqliteHouse, SILENT_LOG, type SqliteHouse } from "./sqlite-house.ts";

let house: SqliteHouse;
beforeEach(() => {
  house = makeSqliteHouse();
});
afterEach(() => house.close());

test("a log that is closed and opened again knows everything", async () => {
  const { log } = house.open("first");
  const { positions } = await log.append("requests", [inputEntry(1, 2), inputEntry(2, 2)]);
  await log.close();
  const again = house.open("again").log;
  const found: number[] = [];
  for await (const batch of again.read("requests", 2)) found.push(...batch.map((record) => record.offset));
  expect(found).toEqual(positions.map(({ offset }) => offset));
});

test("without its doorbell the log is polled: a record of another process still arrives", async () => {
  const [writer, reader] = [house.open("writer").log, house.open("reader").log];
  const arrived = Promise.withResolvers<void>();
  const subscription = reader.follow("requests", "end", () => arrived.resolve());
  rmSync(`${house.path}.bell`);
  await writer.append("requests", [inputEntry(1)]);
  await arrived.promise;
  await expect(subscription.caughtUp).resolves.toBeUndefined();
  await subscription.stop();
});

test("a log with another number of partitions is refused: a key would move", async () => {
  await house.open("first").log.close();
  expect(() => openConnection(house.path, { ...EMBEDDED_PARTITIONS, offers: 5 })).toThrow(
    "offers has 4 partitions, 5 were asked for",
  );
});

test("a file of a newer program is refused", async () => {
  const db = openConnection(house.path, EMBEDDED_PARTITIONS);
  db.exec("PRAGMA user_version = 99");
  db.close();
  expect(() => openConnection(house.path, EMBEDDED_PARTITIONS)).toThrow("file version 99");
});

test("a file that is no log is refused", async () => {
  await expect(async () => openConnection(import.meta.filename, EMBEDDED_PARTITIONS)).rejects.toThrow(
    "file is not a database",
  );
});

test("the maintenance thread starts with its log and ends with it", async () => {
  const options = {
    path: house.path,
    clock: createFreezableClock(),
    owner: "first",
    operatorLog: SILENT_LOG,
  };
  const log = createSqliteLog(options);
  await log.append("requests", [inputEntry(1)]);
  await log.close();
  const other = house.open("second").log;
  expect((await other.append("requests", [inputEntry(2)])).positions).toEqual([{ partition: 0, offset: 1 }]);
});

test("a maintenance thread that fails is told to the operator, and stopping it is harmless", async () => {
  const told = Promise.withResolvers<string>();
  const operatorLog = { ...SILENT_LOG, error: (what: string) => told.resolve(what) };
  const options = { path: import.meta.filename, counts: EMBEDDED_PARTITIONS, owner: "a", retention: {} };
  const maintenance = startMaintenance(options, operatorLog, () => undefined);
  expect(await told.promise).toContain("log maintenance ended");
  await maintenance.stop();
});

test("a log that another process keeps locked is given up after the wait", async () => {
  await house.open("first").log.close();
  const holder = openConnection(house.path, EMBEDDED_PARTITIONS);
  // A reset version makes the next opener want to create the tables.
  holder.exec("PRAGMA user_version = 0; BEGIN IMMEDIATE");
  expect(() => openConnection(house.path, EMBEDDED_PARTITIONS, 50)).toThrow("holds the write lock");
  holder.exec("COMMIT");
  holder.close();
});
