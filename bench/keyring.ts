/**
 * What new Customers cost: each needs a data key whose record is durable before anything is sealed under it.
 * Against the same log, which is given records of the same size by as many writers at once and nothing else.
 * Beside it what a key costs in memory, how long a process reads that starts with many, and sealing and opening
 * for Customers who are known. Run with --expose-gc.
 */
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { createSqliteLog } from "../adapters/event-log/sqlite/sqlite-log.ts";
import { createKeyIndex } from "../adapters/keyring/key-index.ts";
import { type LogKeyring, openLogKeyring } from "../adapters/keyring/log-keyring.ts";
import { createChance } from "../adapters/system/chance.ts";
import { createSystemClock } from "../adapters/system/clock.ts";
import { unownedEnvelope } from "../domain/kernel/envelope.ts";
import { slotOfName } from "../domain/kernel/identifiers.ts";
import type { Sealed } from "../domain/kernel/sealed.ts";
import { instant } from "../domain/kernel/time.ts";
import { keyRecordKey } from "../domain/keys/messages.ts";
import type { EventLog } from "../domain/ports/event-log.ts";
import { benchLog } from "./bench-house.ts";
import { printBench } from "./bench-line.ts";
import { percentile } from "./percentile.ts";

const AT_ONCE = 64;
const NEW_KEYS = 30_000;
const KNOWN_TEXTS = 50_000;
const INDEXED_KEYS = 1_000_000;
const AT = instant(Date.UTC(2026, 10, 21));
const clock = createSystemClock();
const chance = createChance();
const folder = mkdtempSync(join(tmpdir(), "reveille-bench-keyring-"));

function openLog(name: string): EventLog {
  return createSqliteLog({ path: join(folder, name), clock, owner: name, operatorLog: benchLog });
}

function openKeyring(log: EventLog): Promise<LogKeyring> {
  const masterKeyPath = join(folder, "master.key");
  return openLogKeyring({ log, clock, chance, operatorLog: benchLog, masterKeyPath });
}

const subject = (): string => randomBytes(16).toString("hex");

/** Does `count` of them, `AT_ONCE` at a time. */
async function drive(
  count: number,
  one: () => Promise<unknown>,
): Promise<{ readonly perSecond: number; readonly latenciesMs: readonly number[] }> {
  const latenciesMs: number[] = [];
  const begunMs = performance.now();
  let left = count;
  async function work(): Promise<void> {
    while (left > 0) {
      left -= 1;
      const startedMs = performance.now();
      await one();
      latenciesMs.push(performance.now() - startedMs);
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return { perSecond: (count * 1_000) / (performance.now() - begunMs), latenciesMs };
}

/** A record as the keyring writes it, without a key in it. */
function appendOne(log: EventLog): Promise<unknown> {
  const keyId = randomBytes(16).toString("base64url");
  const minted = { subject: subject(), month: "2026-11", keyId };
  const message = { type: "KeyMinted" as const, ...minted, wrapped: "x".repeat(80), at: AT };
  const about = { id: chance.ulid(), source: "keyring", subject: null, time: AT, causationId: null };
  const envelope = unownedEnvelope(about);
  return log.append("keys", [{ key: keyRecordKey(minted), slot: slotOfName("keys"), envelope, message }]);
}

function bytesPerKey(): number {
  const before = process.memoryUsage().arrayBuffers;
  const index = createKeyIndex();
  const wrapped = randomBytes(60);
  for (let made = 0; made < INDEXED_KEYS; made += 1) {
    index.add({
      id: randomBytes(16).toString("base64url"),
      subject: subject(),
      month: "2026-11",
      wrapped,
    });
  }
  // All that it holds lies outside the heap: what was garbage on the way does not count.
  globalThis.gc?.();
  return (process.memoryUsage().arrayBuffers - before) / index.size();
}

try {
  const keyBytes = bytesPerKey();
  const bareLog = openLog("bare.db");
  const bare = await drive(NEW_KEYS, () => appendOne(bareLog));
  await bareLog.close();
  const log = openLog("log.db");
  const keyring = await openKeyring(log);
  const texts: Sealed[] = [];
  const stalls = monitorEventLoopDelay({ resolution: 1 });
  stalls.enable();
  const fresh = await drive(NEW_KEYS, async () =>
    texts.push(await keyring.seal(subject(), AT, "+12125550123")),
  );
  stalls.disable();
  const someone = subject();
  await keyring.seal(someone, AT, "x");
  const known = await drive(KNOWN_TEXTS, () => keyring.seal(someone, AT, "+12125550123"));
  let next = 0;
  const opened = await drive(KNOWN_TEXTS, async () => {
    const text = texts[(next += 1) % texts.length];
    return text === undefined ? null : keyring.open(text);
  });
  await keyring.close();
  const startedMs = performance.now();
  const again = await openKeyring(log);
  const openingMs = performance.now() - startedMs;
  await again.close();
  await log.close();
  printBench({
    name: "keyring",
    figures: {
      newCustomersPerSecond: fresh.perSecond,
      newCustomerP50Ms: percentile(fresh.latenciesMs, 0.5),
      newCustomerP99Ms: percentile(fresh.latenciesMs, 0.99),
      loopStallP99Ms: stalls.percentile(99) / 1e6,
      bareAppendsPerSecond: bare.perSecond,
      sealedPerSecond: known.perSecond,
      openedPerSecond: opened.perSecond,
      bytesPerKey: keyBytes,
      openingMsPerMillionKeys: (openingMs * 1_000_000) / again.size(),
    },
    ratio: fresh.perSecond / bare.perSecond,
    against: "texts sealed for new Customers per second / records of that size appended to the log",
    goals: [
      { figure: "ratio", atLeast: 0.5 },
      { figure: "bytesPerKey", atMost: 150 },
    ],
    command: "node --expose-gc bench/keyring.ts",
  });
} finally {
  rmSync(folder, { recursive: true, force: true });
}
