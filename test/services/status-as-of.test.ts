/** The status of a Request at every moment of its life, by the real house. */
import { afterEach, beforeEach, expect, test } from "vitest";
import type { RequestId, SenderId } from "../../domain/kernel/identifiers.ts";
import { instant } from "../../domain/kernel/time.ts";
import { createQueries } from "../../services/queries.ts";
import { createHouse, type House } from "../support/house.ts";
import { HOTEL } from "../support/sample-request.ts";

let house: House;
beforeEach(async () => {
  house = await createHouse();
});
afterEach(() => house.close());

const queriesOf = () => createQueries({ board: house.board, keyring: house.keyring });

async function lived(): Promise<RequestId> {
  const dispatcher = await house.startDispatcher();
  const { server } = await house.startServer("telephony-1");
  const request = await house.post();
  await house.until(request, "RequestCompleted");
  await server.stop();
  await dispatcher.stop();
  return request;
}

test("at the time of each event the status is the one that followed from it, and nothing later shows (N05)", async () => {
  const request = await lived();
  const queries = queriesOf();
  const now = await queries.status(HOTEL, request);
  const history = await house.board.historyOf(request);
  let seq = 0;
  for (const { event } of history) {
    const then = await queries.statusAsOf(HOTEL, request, event.at);
    const newest = history.findLast((one) => one.event.at <= event.at);
    expect(then?.seq).toBe(newest?.seq);
    expect(then?.seq).toBeGreaterThanOrEqual(seq);
    seq = then?.seq ?? 0;
    for (const attempt of then?.attempts ?? []) expect(attempt.endedAt ?? 0).toBeLessThanOrEqual(event.at);
    expect(then?.final).toBe(then?.seq === now?.seq);
  }
  expect(await queries.statusAsOf(HOTEL, request, house.clock.now())).toEqual(now);
});

test("before its receipt it is unknown, and another Sender's always is", async () => {
  const request = await lived();
  const queries = queriesOf();
  const { receivedAt } = (await queries.status(HOTEL, request)) ?? { receivedAt: instant(0) };
  expect(await queries.statusAsOf(HOTEL, request, instant(receivedAt - 1))).toBeNull();
  expect(await queries.statusAsOf("stranger" as SenderId, request, house.clock.now())).toBeNull();
});

test("a Request that no dispatcher has seen yet stands as received, from its receipt on", async () => {
  const request = await house.post();
  const queries = queriesOf();
  const received = await queries.status(HOTEL, request);
  expect(await queries.statusAsOf(HOTEL, request, house.clock.now())).toEqual(received);
  expect(await queries.statusAsOf(HOTEL, request, instant((received?.receivedAt ?? 0) - 1))).toBeNull();
});
