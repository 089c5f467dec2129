/** A number whose key has not reached the dispatcher is not an erased one: a Request must not be refused for that. */
import { afterEach, beforeEach, expect, test } from "vitest";
import { createMemoryLog } from "../../../adapters/event-log/memory/memory-log.ts";
import { createMemoryStore, type MemoryStore } from "../../../adapters/event-log/memory/memory-store.ts";
import { createMemoryKeyring } from "../../../adapters/keyring/memory-keyring.ts";
import { createNumberingPlan } from "../../../adapters/numbering/numbering-plan.ts";
import { createChance } from "../../../adapters/system/chance.ts";
import { createDigests } from "../../../adapters/system/digests.ts";
import { createZoneClock } from "../../../adapters/system/zone-clock.ts";
import { unownedEnvelope } from "../../../domain/kernel/envelope.ts";
import { slotOfRequest } from "../../../domain/kernel/identifiers.ts";
import type { Sealed } from "../../../domain/kernel/sealed.ts";
import { type Instant, instant, milliseconds } from "../../../domain/kernel/time.ts";
import type { EventLog } from "../../../domain/ports/event-log.ts";
import { type Keyring, KeyringUnavailableError } from "../../../domain/ports/keyring.ts";
import { createAdministration } from "../../../services/administration.ts";
import { createDispatcher, type Dispatcher } from "../../../services/dispatcher/dispatcher.ts";
import { createFakeOperatorLog } from "../../support/fake-operator-log.ts";
import { NINE, REQUEST, submission } from "../../support/sample-request.ts";
import { createVirtualClock, type VirtualClock } from "../../support/virtual-clock.ts";

// 17:00 UTC: nobody is called out of hours.
const AFTERNOON: Instant = instant(NINE + 8 * 3_600_000);
const REAL = createMemoryKeyring();

let clock: VirtualClock;
let store: MemoryStore;
let log: EventLog;
let dispatchers: Dispatcher[];

beforeEach(async () => {
  clock = createVirtualClock(AFTERNOON);
  store = createMemoryStore(clock);
  log = createMemoryLog({ clock, owner: "test", store });
  dispatchers = [];
  const chance = createChance(() => clock.now());
  const administration = { log, keyring: REAL, digests: createDigests(), clock, chance };
  await createAdministration(administration).apply({
    senders: [{ sender: "hotel", apiKey: "rvl_hotel_0123456789abcdef" }],
  });
});
afterEach(async () => {
  for (const dispatcher of dispatchers) await dispatcher.stop();
  await log.close();
});

/** Knows no key until it has waited for it, which fails so many times. */
function lateKeyring(failures: number): Pick<Keyring, "openNow" | "arrived"> & { waits: number } {
  const arrived = new Set<Sealed>();
  const keyring = {
    waits: 0,
    openNow: (text: Sealed) => (arrived.has(text) ? REAL.openNow(text) : null),
    async arrived(texts: Iterable<Sealed>) {
      const missing = [...texts].filter((text) => !arrived.has(text));
      if (missing.length === 0) return;
      keyring.waits += 1;
      if (keyring.waits <= failures) throw new KeyringUnavailableError("the log does not answer");
      for (const text of missing) arrived.add(text);
    },
  };
  return keyring;
}

async function start(keyring: Pick<Keyring, "openNow" | "arrived">): Promise<Dispatcher> {
  const dispatcher = createDispatcher(
    {
      source: "dispatcher",
      offerTtlMs: milliseconds(5_000),
      serverSilentMs: 10_000,
      rememberOverMs: 3_600_000,
      coldStartMs: 0,
    },
    {
      log: createMemoryLog({ clock, owner: `dispatcher/${dispatchers.length}`, store }),
      keyring,
      numbering: createNumberingPlan(),
      zones: createZoneClock(),
      trunkCountry: "US",
      dialled: (number: string) => number,
      clock,
      operatorLog: createFakeOperatorLog(),
      draw: () => 0,
      ulid: () => crypto.randomUUID(),
    },
  );
  dispatchers.push(dispatcher);
  await dispatcher.start();
  await clock.settle(() => dispatcher.owned().length > 0, "the dispatcher owns partitions");
  return dispatcher;
}

async function submit(): Promise<void> {
  const message = {
    ...submission({
      to: await REAL.seal("a".repeat(32), AFTERNOON, "+12125550123"),
      notBefore: instant(AFTERNOON + 600_000),
    }),
    receivedAt: AFTERNOON,
  };
  const about = { id: "in-1", source: "gateway", subject: REQUEST, time: AFTERNOON, causationId: null };
  const entry = { key: message.terms.customer, slot: slotOfRequest(REQUEST), message };
  await log.append("requests", [{ ...entry, envelope: unownedEnvelope(about) }]);
}

/** Types of the events of the Request so far. */
async function history(): Promise<readonly string[]> {
  const types: string[] = [];
  for (let partition = 0; partition < log.partitionCount("events"); partition += 1) {
    for await (const records of log.read("events", partition)) {
      for (const record of records) {
        if (record.ok && record.envelope.subject === REQUEST) types.push(record.message?.type ?? "");
      }
    }
  }
  return types;
}

test("a Request is judged when the key of its number has come", async () => {
  const keyring = lateKeyring(0);
  await start(keyring);
  await submit();
  await clock.advance(1_000);
  expect(await history()).toEqual(["RequestReceived", "RequestScheduled"]);
  expect(keyring.waits).toBe(1);
});

test("nothing is decided while the keys can't be looked up, and nothing is lost by it", async () => {
  const keyring = lateKeyring(2);
  await start(keyring);
  await submit();
  await clock.advance(20_000);
  expect(await history()).toEqual(["RequestReceived", "RequestScheduled"]);
  expect(keyring.waits).toBeGreaterThanOrEqual(3);
});

test("the next owner waits for the keys of what it finds open before it judges that again", async () => {
  const first = await start(REAL);
  await submit();
  await clock.advance(1_000);
  await first.stop();
  await start(lateKeyring(1));
  await clock.advance(700_000);
  expect(await history()).toEqual(["RequestReceived", "RequestScheduled", "RequestQueued"]);
});

test("a number that is erased is refused all the same", async () => {
  await start({ openNow: () => null, arrived: () => Promise.resolve() });
  await submit();
  await clock.advance(1_000);
  expect(await history()).toEqual(["RequestReceived", "PolicyRejected"]);
});
