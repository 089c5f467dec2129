import { afterEach, beforeEach, expect, test } from "vitest";
import { createChance } from "../../adapters/system/chance.ts";
import { isTerminal } from "../../domain/request/events.ts";
import {
  declareHold,
  heldRequests,
  liftHold,
  type RecoveryPorts,
  readHold,
} from "../../services/recovery.ts";
import { createHouse, type House } from "../support/house.ts";

let house: House;
let ports: RecoveryPorts;

beforeEach(async () => {
  house = await createHouse();
  const { log, clock, operatorLog } = house;
  ports = { log, clock, operatorLog, chance: createChance(() => clock.now()) };
});
afterEach(() => house.close());

/** Placed calls so far. */
const calls = async (): Promise<number> =>
  (await house.events()).filter(({ type }) => type === "CallPlaced").length;

test("while calls are held, Requests are taken and nobody is offered, granted or expired", async () => {
  await house.startServer("one");
  await house.startDispatcher();
  await declareHold(ports, "administration", "test");
  await house.clock.advance(1_000);
  const request = await house.post({ notAfter: null });
  await house.clock.advance(120_000);
  expect(await house.history(request)).toEqual(["RequestReceived", "RequestQueued"]);
  expect(
    house.operatorLog.lines.some(({ level, what }) => level === "error" && /calls are held/.test(what)),
  ).toBe(true);
  const hold = await readHold(house.log);
  expect(hold === null ? [] : await heldRequests(house.log, hold)).toEqual([]);
  await liftHold(ports, "mark-unknown");
  // Received while calls were held: it goes its ordinary way.
  await house.until(request, "CallCompleted");
  expect(await calls()).toBe(1);
});

test("a Request from before the hold is called after all where the operator accepts that", async () => {
  await house.startDispatcher();
  const request = await house.post();
  await house.until(request, "RequestQueued");
  await declareHold(ports, "administration", "test");
  await house.startServer("one");
  await house.clock.advance(10_000);
  expect(await calls()).toBe(0);
  await liftHold(ports, "accept-repeat");
  await house.until(request, "CallCompleted");
  expect(await calls()).toBe(1);
});

test("a Request from before the hold ends as unknown where the operator wants no repeat, once, over any takeover", async () => {
  const first = await house.startDispatcher();
  const request = await house.post();
  await house.until(request, "RequestQueued");
  await declareHold(ports, "administration", "test");
  await house.clock.advance(1_000);
  await liftHold(ports, "mark-unknown");
  await house.until(request, "RequestFailed");
  await first.stop();
  await house.startServer("one");
  await house.startDispatcher();
  await house.clock.advance(30_000);
  const ends = (await house.events()).filter(isTerminal);
  expect(ends).toMatchObject([{ type: "RequestFailed", outcome: "unknown" }]);
  expect(await calls()).toBe(0);
});
