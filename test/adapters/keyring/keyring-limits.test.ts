/** Every limit of the keyring on the log, reached; and what the log's failures look like from outside. */
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { createMemoryLog } from "../../../adapters/event-log/memory/memory-log.ts";
import { SealBrokenError } from "../../../adapters/keyring/keyring-errors.ts";
import { CATCH_UP_MS_MAX, followKeys, GONE_KEPT_MAX } from "../../../adapters/keyring/known-keys.ts";
import { type LogKeyring, openLogKeyring } from "../../../adapters/keyring/log-keyring.ts";
import { KEYS_WAITING_MAX } from "../../../adapters/keyring/minting.ts";
import { createWrapping, UNWRAPPED_KEPT_MAX } from "../../../adapters/keyring/wrapping.ts";
import { createChance } from "../../../adapters/system/chance.ts";
import { parseSealed, type Sealed } from "../../../domain/kernel/sealed.ts";
import { instant } from "../../../domain/kernel/time.ts";
import { type EventLog, LogFullError, LogUnavailableError } from "../../../domain/ports/event-log.ts";
import { KeyringUnavailableError } from "../../../domain/ports/keyring.ts";
import { createFakeOperatorLog } from "../../support/fake-operator-log.ts";
import { createVirtualClock, type VirtualClock } from "../../support/virtual-clock.ts";

const AT = instant(0);
const NO_ID = parseSealed(`${"A".repeat(22)}.${"A".repeat(60)}`) as Sealed;

let clock: VirtualClock;
let log: EventLog;
/** Changed by a test, to make the log fail. */
let faults: Partial<Pick<EventLog, "appendAhead" | "durable" | "read">>;
let folder: string;

beforeEach(() => {
  clock = createVirtualClock(AT);
  const real = createMemoryLog({ clock });
  faults = {};
  log = {
    ...real,
    appendAhead: (topic, entries) => (faults.appendAhead ?? real.appendAhead)(topic, entries),
    durable: () => (faults.durable ?? real.durable)(),
    read: (topic, partition, range) => (faults.read ?? real.read)(topic, partition, range),
  };
  folder = mkdtempSync(join(tmpdir(), "reveille-limits-"));
  onTestFinished(async () => {
    await real.close();
    rmSync(folder, { recursive: true });
  });
});

const ports = () => ({ log, clock, chance: createChance(), operatorLog: createFakeOperatorLog() });

async function open(): Promise<LogKeyring> {
  const keyring = await openLogKeyring({ ...ports(), masterKeyPath: join(folder, "master.key") });
  onTestFinished(() => keyring.close());
  return keyring;
}

/** A read that never answers. */
async function* never(): AsyncGenerator<never> {
  await new Promise(() => undefined);
  yield* [];
}

describe("where the log does not answer", () => {
  test("a key that may be on its way is waited for so long, and is then not said to be erased", async () => {
    const keyring = await open();
    faults = { read: never };
    const [opening] = await Promise.allSettled([keyring.open(NO_ID), clock.advance(CATCH_UP_MS_MAX)]);
    expect(opening).toMatchObject({ reason: { name: "KeyringUnavailableError", retryable: true } });
    // Nothing was concluded from the silence.
    faults = {};
    const { open: reopen } = await open();
    expect(await reopen(NO_ID)).toBeNull();
  });

  test("a log that fails is told apart from an erasure too", async () => {
    const keyring = await open();
    faults = {
      read: () => {
        throw new LogUnavailableError("no broker answers");
      },
    };
    await expect(keyring.open(NO_ID)).rejects.toThrow(KeyringUnavailableError);
    await expect(keyring.arrived([NO_ID])).rejects.toThrow(/no broker answers/);
    await expect(keyring.erase("sender:hotel")).rejects.toThrow(KeyringUnavailableError);
    faults = {};
    expect(await keyring.open(NO_ID)).toBeNull();
  });

  test.each([
    ["full", new LogFullError("the disk is full")],
    ["away", new LogUnavailableError("no broker answers")],
  ])("one that is %s stores no key: nothing is sealed, and the next try may succeed", async (_, error) => {
    const keyring = await open();
    faults = { appendAhead: () => Promise.reject(error) };
    await expect(keyring.seal("sender:hotel", AT, "x")).rejects.toThrow(KeyringUnavailableError);
    faults = {};
    expect(await keyring.open(await keyring.seal("sender:hotel", AT, "x"))).toBe("x");
  });

  test("any other failure is not made to look as if trying again could help", async () => {
    const keyring = await open();
    faults = { appendAhead: () => Promise.reject(new TypeError("a fault of the program")) };
    await expect(keyring.seal("sender:hotel", AT, "x")).rejects.toThrow(TypeError);
  });

  test(`more than ${KEYS_WAITING_MAX} new keys do not wait for it`, { timeout: 60_000 }, async () => {
    const keyring = await open();
    const stuck = Promise.withResolvers<void>();
    const { appendAhead } = log;
    faults = {
      appendAhead: async (topic, entries) => {
        await stuck.promise;
        faults = {};
        return appendAhead(topic, entries);
      },
    };
    const waiting = Array.from({ length: KEYS_WAITING_MAX }, (_, n) => keyring.seal(`sender:s${n}`, AT, "x"));
    await expect(keyring.seal("sender:late", AT, "x")).rejects.toThrow(/20000 new keys wait for the log/);
    stuck.resolve();
    await Promise.all(waiting);
    expect(await keyring.seal("sender:late", AT, "x")).toBeDefined();
  });
});

describe("a disk that is slow", () => {
  test("is waited for where a text may leave by another way than the log, and nowhere else", async () => {
    const keyring = await open();
    const synced = Promise.withResolvers<void>();
    const proof = await log.durable();
    let waits = 0;
    faults = {
      async durable() {
        waits += 1;
        await synced.promise;
        return proof;
      },
    };
    const forLog = await keyring.sealForLog("sender:hotel", AT, "for the log");
    expect([keyring.openNow(forLog), waits]).toEqual(["for the log", 0]);
    let isSealed = false;
    const sealing = keyring.seal("sender:hotel", AT, "for a journal").then(() => (isSealed = true));
    await clock.advance(1);
    expect([isSealed, waits]).toEqual([false, 1]);
    synced.resolve();
    await sealing;
    // That key is safe now: nobody waits for it again.
    await keyring.seal("sender:hotel", AT, "again");
    expect(waits).toBe(1);
  });

  test("or fails: nothing is given out that was sealed under a key that may be lost", async () => {
    const keyring = await open();
    faults = { durable: () => Promise.reject(new LogUnavailableError("the disk does not answer")) };
    await expect(keyring.seal("sender:hotel", AT, "x")).rejects.toThrow(KeyringUnavailableError);
    // Nor the next time, though the key is known by now.
    await expect(keyring.seal("sender:hotel", AT, "x")).rejects.toThrow(KeyringUnavailableError);
    faults = {};
    expect(keyring.openNow(await keyring.seal("sender:hotel", AT, "x"))).toBe("x");
  });
});

test("whoever asks while keys are being read waits for a reading that began after the question", async () => {
  const keyring = await open();
  const begun: PromiseWithResolvers<void>[] = [];
  faults = {
    async *read() {
      const turn = Promise.withResolvers<void>();
      begun.push(turn);
      await turn.promise;
      yield* [];
    },
  };
  const ids = ["B", "C", "D"].map(
    (letter) => parseSealed(`${letter.repeat(22)}.${"A".repeat(60)}`) as Sealed,
  );
  const answers = ids.map((text) => keyring.open(text));
  expect(begun).toHaveLength(1);
  begun[0]?.resolve();
  expect(await answers[0]).toBeNull();
  // The other two share the second.
  expect(begun).toHaveLength(2);
  begun[1]?.resolve();
  expect(await Promise.all(answers)).toEqual([null, null, null]);
  expect(begun).toHaveLength(2);
});

test(`of keys that are gone ${GONE_KEPT_MAX} are known; whatever falls out is looked for again`, async () => {
  const known = followKeys(ports(), () => undefined);
  await known.caughtUp;
  expect(known.look("first")).toBeUndefined();
  known.conclude("first");
  expect(known.look("first")).toBeNull();
  for (let n = 1; n < GONE_KEPT_MAX; n += 1) known.conclude(`gone ${n}`);
  expect(known.look("first")).toBeNull();
  known.conclude("one too many");
  expect(known.look("first")).toBeUndefined();
  expect(known.look("one too many")).toBeNull();
  await known.stop();
});

test(`of unwrapped keys the ${UNWRAPPED_KEPT_MAX} last used are kept`, () => {
  const wrapping = createWrapping(randomBytes(32), randomBytes);
  const { wrapped } = wrapping.make("sender:hotel", "2026-11");
  wrapping.unwrap(wrapped);
  // Kept: it is not even looked at what it was wrapped in.
  const broken = { ...wrapped, wrapped: new Uint8Array(60) };
  expect(wrapping.unwrap(broken).id).toBe(wrapped.id);
  for (let n = 0; n < UNWRAPPED_KEPT_MAX; n += 1) {
    wrapping.unwrap(wrapping.make("sender:hotel", "2026-11").wrapped);
  }
  expect(() => wrapping.unwrap(broken)).toThrow(SealBrokenError);
});
