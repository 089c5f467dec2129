import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { EMBEDDED_PARTITIONS } from "../../../../adapters/event-log/partitions.ts";
import { openConnection } from "../../../../adapters/event-log/sqlite/connection.ts";
import { createMaintainer } from "../../../../adapters/event-log/sqlite/maintenance.ts";
import { type LogKeyring, openLogKeyring } from "../../../../adapters/keyring/log-keyring.ts";
import { createChance } from "../../../../adapters/system/chance.ts";
import { DAY_MS, instant } from "../../../../domain/kernel/time.ts";
import { createFreezableClock } from "../../../contract/event-log-clock.ts";
import { inputEntry } from "../../../contract/event-log-entries.ts";
import { makeSqliteHouse, SILENT_LOG, type SqliteHouse } from "./sqlite-house.ts";

const AT = instant(0);
const now = (): ReturnType<typeof instant> => instant(Date.now());
const subjectOf = (n: number): string =>
  createHash("sha256").update(`customer ${n}`).digest("hex").slice(0, 32);

let house: SqliteHouse;
let keyrings: readonly LogKeyring[];

beforeEach(async () => {
  house = makeSqliteHouse();
  keyrings = [await open("first"), await open("second")];
});
afterEach(async () => {
  await Promise.all(keyrings.map((keyring) => keyring.close()));
  await house.close();
});

function open(owner: string): Promise<LogKeyring> {
  return openLogKeyring({
    log: house.open(owner).log,
    clock: createFreezableClock(),
    chance: createChance(),
    operatorLog: SILENT_LOG,
    masterKeyPath: join(dirname(house.path), "master.key"),
  });
}

async function seal(n: number): Promise<void> {
  await keyrings[n % 2]?.seal(subjectOf(n), AT, "x");
}

function maintainer() {
  const db = openConnection(house.path, EMBEDDED_PARTITIONS);
  onTestFinished(() => db.close());
  const options = { path: house.path, counts: EMBEDDED_PARTITIONS, owner: "duty", retention: {} };
  return createMaintainer(db, options);
}

/** The wrapped bytes of every key, as they stand in the log, by subject. */
async function wrappedKeys(): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  for await (const records of house.open("looker").log.read("keys", 0)) {
    for (const record of records) {
      if (record.ok && record.message?.type === "KeyMinted")
        found.set(record.message.subject, record.message.wrapped);
    }
  }
  return found;
}

function bytesOnDisk(): Buffer {
  const folder = dirname(house.path);
  return Buffer.concat(readdirSync(folder).map((name) => readFileSync(join(folder, name))));
}

/** Of the texts, those of which any part of 40 bytes is left on the disk. */
function leftOnDisk(texts: readonly string[]): readonly string[] {
  const disk = bytesOnDisk();
  return texts.filter((text) => disk.includes(text.slice(0, 40)) || disk.includes(text.slice(-40)));
}

describe("an erased key on the embedded log", () => {
  test(
    "leaves every file of the log, though pages were split and moved, while others stay",
    { timeout: 60_000 },
    async () => {
      const duty = maintainer();
      const { log } = house.open("writer");
      let written = 0;
      for (let n = 0; n < 800; n += 20) {
        await Promise.all([
          ...Array.from({ length: 20 }, (_, k) => seal(n + k)),
          log.append("requests", [inputEntry(written, (written += 1) % 8)]),
        ]);
      }
      const before = await wrappedKeys();
      expect(leftOnDisk([...before.values()])).toHaveLength(before.size);
      const gone = new Set<string>();
      for (let round = 0; round < 4; round += 1) {
        for (let n = round; n < 800; n += 13) {
          await keyrings[0]?.erase(subjectOf(n));
          gone.add(subjectOf(n));
        }
        await Promise.all(Array.from({ length: 50 }, (_, k) => seal(10_000 + round * 50 + k)));
        duty.clean(now());
        duty.checkpoint(now());
      }
      const [erased, kept] = [true, false].map((isGone) =>
        [...before].filter(([subject]) => gone.has(subject) === isGone).map(([, wrapped]) => wrapped),
      );
      expect(leftOnDisk(erased ?? [])).toEqual([]);
      expect(leftOnDisk(kept ?? [])).toEqual(kept);
      expect(gone.size).toBeGreaterThan(200);
    },
  );

  test("leaves as soon as a reader that hinders it is done", async () => {
    const duty = maintainer();
    await keyrings[0]?.seal(subjectOf(1), AT, "x");
    const wrapped = [...(await wrappedKeys()).values()];
    const reader = new DatabaseSync(house.path);
    reader.exec("BEGIN; SELECT * FROM log");
    await keyrings[0]?.erase(subjectOf(1));
    duty.clean(now());
    duty.checkpoint(now());
    expect(leftOnDisk(wrapped)).toEqual(wrapped);
    reader.exec("COMMIT");
    reader.close();
    duty.checkpoint(now());
    expect(leftOnDisk(wrapped)).toEqual([]);
  });

  test("leaves though the process that deleted it died before it emptied the WAL", async () => {
    await keyrings[0]?.seal(subjectOf(1), AT, "x");
    const wrapped = [...(await wrappedKeys()).values()];
    await keyrings[0]?.erase(subjectOf(1));
    maintainer().clean(now());
    expect(leftOnDisk(wrapped)).toEqual(wrapped);
    const successor = maintainer();
    successor.clean(now());
    successor.checkpoint(now());
    expect(leftOnDisk(wrapped)).toEqual([]);
  });

  test("is told of by its tombstone for a week, then not even by that", async () => {
    const duty = maintainer();
    await keyrings[0]?.seal(subjectOf(1), AT, "x");
    await keyrings[0]?.erase(subjectOf(1));
    expect(duty.clean(now())?.compacted).toBe(1);
    expect(bytesOnDisk().includes(subjectOf(1))).toBe(true);
    duty.clean(instant(now() + 8 * DAY_MS));
    duty.checkpoint(instant(now() + 8 * DAY_MS));
    expect(bytesOnDisk().includes(subjectOf(1))).toBe(false);
  });
});
