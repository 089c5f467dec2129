import { afterEach, beforeEach, expect, test } from "vitest";
import { createMemoryLog } from "../../adapters/event-log/memory/memory-log.ts";
import { createMemoryStore } from "../../adapters/event-log/memory/memory-store.ts";
import { createChance } from "../../adapters/system/chance.ts";
import { unownedEnvelope } from "../../domain/kernel/envelope.ts";
import { type ServerId, slotOfName } from "../../domain/kernel/identifiers.ts";
import { type Instant, instant } from "../../domain/kernel/time.ts";
import type { EventLog } from "../../domain/ports/event-log.ts";
import {
  createSoleServer,
  LONG_AGO_MS,
  SILENT_MS,
  type SoleServer,
} from "../../services/telephony/sole-server.ts";
import { NINE } from "../support/sample-request.ts";
import { createVirtualClock, type VirtualClock } from "../support/virtual-clock.ts";
import { idle } from "./dispatcher/sample-desk.ts";

const NAME = "telephony-1" as ServerId;
const EARLIER = instant(NINE - 60_000);

let clock: VirtualClock;
let log: EventLog;
let open: SoleServer[];

beforeEach(() => {
  clock = createVirtualClock(NINE);
  log = createMemoryLog({ clock, store: createMemoryStore(clock) });
  open = [];
});
afterEach(async () => {
  await Promise.all(open.map((sole) => sole.stop()));
  await log.close();
});

function soleServer(formerRun: Instant | null = null): SoleServer {
  const sole = createSoleServer(NAME, formerRun, { log, clock });
  open.push(sole);
  return sole;
}

/** What a server that runs since `startedAt` writes every second. */
async function report(startedAt: Instant, server: ServerId = NAME): Promise<void> {
  const chance = createChance(() => clock.now());
  const envelope = unownedEnvelope({
    id: chance.ulid(),
    source: `telephony/${server}`,
    subject: null,
    time: clock.now(),
    causationId: null,
  });
  const message = { ...idle(server, clock.now()), startedAt };
  await log.append("load", [{ key: server, slot: slotOfName(server), envelope, message }]);
}

/** How a claim stands after `waitMs`. */
async function claimAfter(sole: SoleServer, waitMs: number): Promise<string> {
  let answer = "listening";
  sole.claim().then(
    () => (answer = "free"),
    (error: unknown) => (answer = String(error)),
  );
  await clock.advance(waitMs);
  return answer;
}

test("a name that nobody has used is free at once", async () => {
  await report(EARLIER, "telephony-2" as ServerId);
  expect(await claimAfter(soleServer(), 0)).toBe("free");
});

test("a name that another process reports under is refused at its next report (I01)", async () => {
  await report(EARLIER);
  const answer = soleServer()
    .claim()
    .then(() => "free", String);
  await clock.advance(500);
  await report(EARLIER);
  expect(await answer).toContain(
    'ServerTakenError: another process reports as telephony server "telephony-1"',
  );
});

test("a name whose process has fallen silent is free after three of its reports are missing", async () => {
  await report(EARLIER);
  expect(await claimAfter(soleServer(), SILENT_MS - 1)).toBe("listening");
  expect(await claimAfter(soleServer(), SILENT_MS)).toBe("free");
});

test("the former run on this machine has surely ended: its name is free at once", async () => {
  await report(EARLIER);
  expect(await claimAfter(soleServer(EARLIER), 0)).toBe("free");
});

test("a report of long ago is no reason to listen", async () => {
  await report(EARLIER);
  await clock.advance(LONG_AGO_MS);
  expect(await claimAfter(soleServer(), 0)).toBe("free");
});

/** A server at work since `startedAt`; answers whether it has given way. */
async function working(startedAt: Instant, formerRun: Instant | null = null) {
  const sole = soleServer(formerRun);
  let gaveWay = false;
  sole.ended.catch(() => (gaveWay = true));
  await sole.claim();
  sole.runs(startedAt);
  return () => gaveWay;
}

test("of two that began together the later gives way, and the earlier stays", async () => {
  const [first, second] = [NINE, instant(NINE + 5)];
  const [firstGaveWay, secondGaveWay] = [await working(first), await working(second)];
  await report(first);
  await report(second);
  await clock.advance(0);
  expect([firstGaveWay(), secondGaveWay()]).toEqual([false, true]);
});

test("a late report of the former run does not drive its successor away", async () => {
  const gaveWay = await working(NINE, EARLIER);
  await report(EARLIER);
  await clock.advance(0);
  expect(gaveWay()).toBe(false);
});
