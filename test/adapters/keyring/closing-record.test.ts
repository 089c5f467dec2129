import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { createMemoryLog } from "../../../adapters/event-log/memory/memory-log.ts";
import { createMemoryStore } from "../../../adapters/event-log/memory/memory-store.ts";
import { type LogKeyring, openLogKeyring } from "../../../adapters/keyring/log-keyring.ts";
import { createChance } from "../../../adapters/system/chance.ts";
import { instant, MINUTE_MS } from "../../../domain/kernel/time.ts";
import { KEYS_COMPACTED_WITHIN_MS } from "../../../domain/keys/messages.ts";
import type { EventLog } from "../../../domain/ports/event-log.ts";
import { LogUnavailableError } from "../../../domain/ports/event-log.ts";
import { createFakeOperatorLog } from "../../support/fake-operator-log.ts";
import { createVirtualClock, type VirtualClock } from "../../support/virtual-clock.ts";

const AT = instant(Date.UTC(2026, 10, 21));
const ANNA = "a1".repeat(16);
const BERT = "b2".repeat(16);

let clock: VirtualClock;
let makeLog: () => EventLog;
let masterKeyPath: string;

beforeEach(() => {
  clock = createVirtualClock(AT);
  const store = createMemoryStore(clock);
  makeLog = () => createMemoryLog({ clock, store });
  const folder = mkdtempSync(join(tmpdir(), "reveille-closing-"));
  masterKeyPath = join(folder, "master.key");
  onTestFinished(() => rmSync(folder, { recursive: true }));
});

async function open(change: Partial<EventLog> = {}): Promise<LogKeyring> {
  const log = { ...makeLog(), ...change };
  const ports = { log, clock, chance: createChance(), operatorLog: createFakeOperatorLog() };
  const keyring = await openLogKeyring({ ...ports, masterKeyPath });
  onTestFinished(async () => {
    await keyring.close();
    await log.close();
  });
  return keyring;
}

async function recordKeys(): Promise<readonly string[]> {
  const log = makeLog();
  const keys: string[] = [];
  for await (const records of log.read("keys", 0)) keys.push(...records.map(({ key }) => key));
  await log.close();
  return keys;
}

const closings = async (): Promise<number> => (await recordKeys()).filter((key) => key === "closing").length;

test("an hour after an erasure on a quiet log something is written behind it, once", async () => {
  const keyring = await open();
  await keyring.seal(ANNA, AT, "x");
  await keyring.erase(ANNA);
  await clock.advance(KEYS_COMPACTED_WITHIN_MS);
  expect(await closings()).toBe(0);
  await clock.advance(2 * MINUTE_MS);
  expect(await closings()).toBe(1);
  await clock.advance(24 * KEYS_COMPACTED_WITHIN_MS);
  expect(await closings()).toBe(1);
  expect(keyring.size()).toBe(0);
});

test("nothing is written where nobody was erased, or where somebody else has written late enough", async () => {
  const keyring = await open();
  await keyring.seal(ANNA, AT, "x");
  await clock.advance(2 * KEYS_COMPACTED_WITHIN_MS);
  await keyring.erase(ANNA);
  await clock.advance(KEYS_COMPACTED_WITHIN_MS);
  await keyring.seal(BERT, AT, "x");
  await clock.advance(2 * KEYS_COMPACTED_WITHIN_MS);
  expect(await closings()).toBe(0);
});

test("a key that was made sooner closes nothing", async () => {
  const keyring = await open();
  await keyring.seal(ANNA, AT, "x");
  await keyring.erase(ANNA);
  await clock.advance(MINUTE_MS);
  await keyring.seal(BERT, AT, "x");
  await clock.advance(2 * KEYS_COMPACTED_WITHIN_MS);
  expect(await closings()).toBe(1);
});

test("a process that comes later, or could not write the first time, sees to it", async () => {
  const eraser = await open();
  await eraser.seal(ANNA, AT, "x");
  await eraser.erase(ANNA);
  await eraser.close();
  await clock.advance(KEYS_COMPACTED_WITHIN_MS);
  let refusals = 0;
  const real = makeLog();
  onTestFinished(() => real.close());
  await open({
    append: (topic, entries) => {
      refusals += 1;
      if (refusals === 1) return Promise.reject(new LogUnavailableError("no broker answers"));
      return real.append(topic, entries);
    },
  });
  await clock.advance(3 * KEYS_COMPACTED_WITHIN_MS);
  expect([refusals, await closings()]).toEqual([2, 1]);
});
