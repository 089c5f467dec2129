/**
 * A power failure takes the end of the log. New keys are not waited for when what they seal is a record of the same
 * log: wherever the end is cut, every record that is left must open.
 */
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { expect, onTestFinished, test } from "vitest";
import { type LogKeyring, openLogKeyring } from "../../../adapters/keyring/log-keyring.ts";
import { createChance } from "../../../adapters/system/chance.ts";
import type { Sealed } from "../../../domain/kernel/sealed.ts";
import { instant } from "../../../domain/kernel/time.ts";
import type { EventLog } from "../../../domain/ports/event-log.ts";
import { createFreezableClock } from "../../contract/event-log-clock.ts";
import { inputEntry } from "../../contract/event-log-entries.ts";
import { createFakeOperatorLog } from "../../support/fake-operator-log.ts";
import { makeSqliteHouse } from "../event-log/sqlite/sqlite-house.ts";

const AT = instant(Date.UTC(2026, 10, 21));
const CUSTOMERS = 60;
const AT_ONCE = 3;
const CUTS = 30;
/** What a spoiled place destroys. */
const SPOILED_BYTES = 8_192;

let folder: string;

function open(log: EventLog): Promise<LogKeyring> {
  return openLogKeyring({
    log,
    clock: createFreezableClock(),
    chance: createChance(),
    operatorLog: createFakeOperatorLog(),
    masterKeyPath: join(folder, "master.key"),
  });
}

/** The log as a failure may leave it: its WAL ends at `cut`, or is nonsense there and whole behind. */
function damage(path: string, nth: number, { cut, how }: { cut: number; how: "cut" | "spoil" }): string {
  const damaged = join(folder, `damaged-${nth}.db`);
  copyFileSync(path, damaged);
  const wal = readFileSync(`${path}-wal`);
  const left =
    how === "cut" ? wal.subarray(0, cut) : wal.fill(0xa5, cut, Math.min(wal.length, cut + SPOILED_BYTES));
  writeFileSync(`${damaged}-wal`, left);
  return damaged;
}

async function requestsIn(log: EventLog): Promise<readonly string[]> {
  const ids: string[] = [];
  for await (const batch of log.read("requests", 0)) {
    ids.push(...batch.map((record) => (record.ok ? record.envelope.id : "unreadable")));
  }
  return ids;
}

test("wherever a power failure cuts the log, the key of every record that is left is there", async () => {
  folder = mkdtempSync(join(tmpdir(), "reveille-power-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const house = makeSqliteHouse();
  onTestFinished(() => house.close());
  const { log } = house.open("gateway");
  const keyring = await open(log);
  const texts = new Map<string, Sealed>();
  const numbers = Array.from({ length: CUSTOMERS }, (_, n) => n);
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (let n = numbers.shift(); n !== undefined; n = numbers.shift()) {
        const entry = inputEntry(n);
        const subject = n.toString(16).padStart(32, "0");
        texts.set(entry.envelope.id, await keyring.sealForLog(subject, AT, entry.envelope.id));
        await log.append("requests", [entry]);
      }
    }),
  );
  const size = readFileSync(`${house.path}-wal`).length;
  await keyring.close();

  const places = fc.record({
    cut: fc.integer({ min: 32, max: size }),
    how: fc.constantFrom("cut" as const, "spoil" as const),
  });
  const left = new Set<number>();
  for (const [nth, place] of fc.sample(places, { numRuns: CUTS, seed: 20_261_121 }).entries()) {
    const damaged = makeSqliteHouse(damage(house.path, nth, place));
    const after = damaged.open("reader").log;
    const ids = await requestsIn(after);
    left.add(ids.length);
    const reader = await open(after);
    const opened = await Promise.all(ids.map((id) => reader.open(texts.get(id) as Sealed)));
    expect(opened).toEqual(ids);
    await reader.close();
    await damaged.close();
  }
  // The cuts did take something, and not the same each time.
  expect(left.size).toBeGreaterThan(CUTS / 4);
});
