/** The log and processes that die: SIGKILL, SIGSTOP, a cut WAL, a full disk. What was acknowledged must be there. */
import { spawnSync } from "node:child_process";
import {
  copyFileSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { EventLog } from "../../../../domain/ports/event-log.ts";
import { LogUnavailableError } from "../../../../domain/ports/event-log.ts";
import { inputEntry } from "../../../contract/event-log-entries.ts";
import { createRecorder } from "../../../contract/event-log-recorder.ts";
import { requireProgram } from "../../../support/installed.ts";
import { type Child, startChild } from "./child-program.ts";
import { makeSqliteHouse, type SqliteHouse, TEST_LEASE_MS } from "./sqlite-house.ts";

const LEASE_MS = String(TEST_LEASE_MS);

let house: SqliteHouse;
let children: Child[];

beforeEach(() => {
  house = makeSqliteHouse();
  children = [];
});
afterEach(async () => {
  await Promise.all(children.map((child) => child.end()));
  await house.close();
});

function start(...args: Parameters<typeof startChild>): Child {
  const child = startChild(...args);
  children.push(child);
  return child;
}

type Found = { readonly ids: ReadonlySet<string>; readonly gaps: number };

/** Every id on `requests`, and how many offsets are missing in between. */
async function readRequests(log: EventLog): Promise<Found> {
  const ids = new Set<string>();
  let gaps = 0;
  for (let partition = 0; partition < log.partitionCount("requests"); partition += 1) {
    let expected = 0;
    for await (const batch of log.read("requests", partition)) {
      for (const record of batch) {
        if (record.offset !== expected) gaps += 1;
        expected = record.offset + 1;
        if (record.ok) ids.add(record.envelope.id);
      }
    }
  }
  return { ids, gaps };
}

function acknowledged(lines: readonly string[]): readonly { number: number; walBytes: number }[] {
  return lines
    .filter((line) => line.startsWith("ack "))
    .map((line) => line.split(" ").map(Number))
    .map(([, number = -1, walBytes = 0]) => ({ number, walBytes }));
}

const recordsOf = (number: number): readonly string[] => [0, 1, 2].map((part) => `in-${number * 3 + part}`);

/** How many of the three records of each append are there: all or none. */
function torn(found: Found, highest: number): number {
  let count = 0;
  for (let number = 0; number <= highest; number += 1) {
    const present = recordsOf(number).filter((id) => found.ids.has(id)).length;
    if (present !== 0 && present !== 3) count += 1;
  }
  return count;
}

describe("kill -9", () => {
  test("of a writer while it writes: every acknowledged record is there, no append is torn, no offset missing", async () => {
    const acks: number[] = [];
    for (const run of [0, 1, 2]) {
      const child = start("appender", [house.path, `writer-${run}`, LEASE_MS, String(run * 100_000)]);
      await child.until((lines) => lines.length >= 150);
      await child.end();
      acks.push(...acknowledged(child.lines).map(({ number }) => number));
    }
    const found = await readRequests(house.open("reader").log);
    expect(acks.length).toBeGreaterThanOrEqual(450);
    expect(acks.flatMap(recordsOf).filter((id) => !found.ids.has(id))).toEqual([]);
    expect(found.gaps).toBe(0);
    expect(torn(found, 2_000)).toBe(0);
  });

  test("of one of several writers: the others go on", async () => {
    const victim = start("appender", [house.path, "victim", LEASE_MS, "0"]);
    const survivor = start("appender", [house.path, "survivor", LEASE_MS, "100000"]);
    await Promise.all([victim, survivor].map((child) => child.until((lines) => lines.length >= 60)));
    await victim.end();
    const before = survivor.lines.length;
    await survivor.until((lines) => lines.length >= before + 100);
    await survivor.end();
    const found = await readRequests(house.open("reader").log);
    const acks = [...acknowledged(victim.lines), ...acknowledged(survivor.lines)];
    expect(acks.flatMap(({ number }) => recordsOf(number)).filter((id) => !found.ids.has(id))).toEqual([]);
    expect(found.gaps).toBe(0);
  });

  test("of an owner: another takes its partitions and handles every input exactly once", async () => {
    const owner = start("owner", [house.path, "owner", LEASE_MS]);
    await owner.until((lines) => lines.length >= 8);
    const { log } = house.open("successor");
    const recorder = createRecorder();
    const numbers = Array.from({ length: 200 }, (_, number) => number);
    for (const number of numbers.slice(0, 100))
      await log.append("requests", [inputEntry(number, number % 8)]);
    await owner.end();
    await Promise.all(
      numbers.slice(100).map((number) => log.append("requests", [inputEntry(number, number % 8)])),
    );
    const worker = log.work("dispatcher", recorder.makeTask);
    await recorder.until(() => recorder.living().length === 8);
    const causes: string[] = [];
    const left = (): number => numbers.length - causes.length;
    const all = Promise.withResolvers<void>();
    const subscription = log.follow("events", "start", (records) => {
      for (const record of records) {
        if (record.ok && record.envelope.causationId !== null) causes.push(record.envelope.causationId);
      }
      if (left() <= 0) all.resolve();
    });
    await all.promise;
    await subscription.stop();
    await worker.stop();
    expect(causes.toSorted()).toEqual(numbers.map((number) => `in-${number}`).toSorted());
  });
});

/** Stops the child at a moment when it does not hold the write lock, which would stop everybody. */
async function stopOutsideTransaction(child: Child, log: EventLog): Promise<void> {
  for (;;) {
    child.signal("SIGSTOP");
    try {
      await log.append("load", []);
      return;
    } catch (error) {
      if (!(error instanceof LogUnavailableError)) throw error;
      child.signal("SIGCONT");
    }
  }
}

describe("SIGSTOP", () => {
  test("an owner that comes back after it was replaced has its commits refused, and nothing of them is written", async () => {
    const zombie = start("owner", [house.path, "zombie", LEASE_MS]);
    await zombie.until((lines) => lines.length >= 8);
    const { log } = house.open("successor");
    await stopOutsideTransaction(zombie, log);
    const recorder = createRecorder();
    const worker = log.work("dispatcher", recorder.makeTask);
    await recorder.until(() => recorder.living().length === 8);
    const epochs = new Map(recorder.tasks.map(({ ownership }) => [ownership.partition, ownership.epoch]));
    zombie.signal("SIGCONT");
    await zombie.until((lines) => lines.filter((line) => line.startsWith("refused")).length >= 8);
    await zombie.end();
    expect(
      new Set(zombie.lines.filter((line) => line.startsWith("refused")).map((line) => line.split(" ")[2])),
    ).toEqual(new Set(["OwnershipLostError"]));
    await worker.stop();
    for (const [partition, epoch] of epochs) {
      const late: string[] = [];
      let taken = false;
      for await (const batch of log.read("events", partition)) {
        for (const record of batch) {
          if (!record.ok) continue;
          if (record.message?.type === "OwnershipTaken") taken = record.message.epoch === epoch;
          if (
            taken &&
            record.message?.type === "FactIgnored" &&
            record.message.fact !== `tick of epoch ${epoch}`
          ) {
            late.push(record.message.fact);
          }
        }
      }
      expect(late).toEqual([]);
    }
  });
});

describe("power failure", () => {
  const folders: string[] = [];
  afterEach(() => {
    for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
  });

  /** A copy of the log with its WAL cut at `cut`, or overwritten from there on. */
  function damage(source: string, cut: number, how: "cut" | "overwrite"): string {
    const folder = mkdtempSync(join(tmpdir(), "reveille-cut-"));
    folders.push(folder);
    const path = join(folder, "log.db");
    copyFileSync(source, path);
    copyFileSync(`${source}-wal`, `${path}-wal`);
    if (how === "cut") {
      truncateSync(`${path}-wal`, cut);
    } else {
      const bytes = readFileSync(`${path}-wal`);
      bytes.fill(0xa5, cut, Math.min(bytes.length, cut + 8_192));
      writeFileSync(`${path}-wal`, bytes);
    }
    return path;
  }

  test("the WAL cut or spoiled at any place leaves a consistent prefix, with all that was acknowledged before", async () => {
    const child = start("appender", [house.path, "writer", LEASE_MS, "0"]);
    await child.until((lines) => lines.length >= 120);
    await child.end();
    const size = statSync(`${house.path}-wal`).size;
    const acks = acknowledged(child.lines);
    expect(acks.length).toBeGreaterThanOrEqual(120);
    const places = fc.tuple(
      fc.integer({ min: 40_000, max: size }),
      fc.constantFrom("cut" as const, "overwrite" as const),
    );
    for (const [cut, how] of fc.sample(places, { numRuns: 24, seed: 20_261_121 })) {
      const damaged = makeSqliteHouse(damage(house.path, cut, how));
      const found = await readRequests(damaged.open("reader").log);
      const safe = acks.filter(({ walBytes }) => walBytes <= cut);
      expect(safe.flatMap(({ number }) => recordsOf(number)).filter((id) => !found.ids.has(id))).toEqual([]);
      expect(found.gaps).toBe(0);
      expect(torn(found, acks.length + 10)).toBe(0);
      await damaged.close();
    }
  });
});

describe("a full disk", () => {
  const FILE_LIMIT_KIB = 1_024;

  test("answers LogFullError, loses nothing acknowledged, and the log goes on when there is space", async (context) => {
    const prlimit = requireProgram(context, "prlimit");
    const child = start("filler", [house.path, "filler", LEASE_MS], FILE_LIMIT_KIB);
    await child.until((lines) => lines.some((line) => line.startsWith("full")));
    expect(child.lines.at(-1)).toBe("full LogFullError true");
    child.send("again");
    await child.until((lines) => lines.filter((line) => line.startsWith("full")).length === 2);
    const acked = child.lines.filter((line) => line.startsWith("ack")).length;
    expect(acked).toBeGreaterThan(10);

    spawnSync(prlimit, ["--pid", String(child.pid), "--fsize=unlimited:unlimited"]);
    child.send("again");
    await child.until((lines) => lines.filter((line) => line.startsWith("ack")).length === acked + 1);
    await child.end();
    const found = await readRequests(house.open("reader").log);
    const expected = Array.from({ length: acked + 1 }, (_, number) => `in-${number}`);
    expect(expected.filter((id) => !found.ids.has(id))).toEqual([]);
    expect(found.gaps).toBe(0);
  });
});
