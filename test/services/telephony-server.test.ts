import { expect, test } from "vitest";
import { createMemoryJournal } from "../../adapters/call-journal/memory-journal.ts";
import { parsePhoneNumber } from "../../domain/kernel/phone-number.ts";
import { milliseconds } from "../../domain/kernel/time.ts";
import { createHouse } from "../support/house.ts";
import { CUSTOMER, NINE } from "../support/sample-request.ts";

test("an incoming call that a crash cut off is ended in the log by the server's next run (I16)", async () => {
  const house = await createHouse();
  const dispatcher = await house.startDispatcher();
  const journal = createMemoryJournal();
  const record = { state: "inbound", inboundId: "in_9", customer: CUSTOMER, port: 1, startedAt: NINE };
  await journal.put("in_9", JSON.stringify(record));
  await house.startServer("telephony-1", {}, journal);
  await house.clock.advance(1_000);
  const ends = (await house.events()).filter(({ type }) => type === "InboundEnded");
  expect(ends).toMatchObject([{ inboundId: "in_9", customer: CUSTOMER, endedBy: "network" }]);
  expect(journal.entries().has("in_9")).toBe(false);
  await dispatcher.stop();
  await house.close();
});

test("a server that is drained finishes its calls, takes no offer and no caller, and says so (J07, I10)", async () => {
  const house = await createHouse();
  const dispatcher = await house.startDispatcher();
  const first = await house.startServer("telephony-1");
  const request = await house.post();
  await house.until(request, "CallAnswered");
  first.telephony.ringIn({ caller: parsePhoneNumber("+12125550199"), sipCallId: "in-1" });
  let drained = false;
  void first.server.drain(milliseconds(600_000)).then(() => (drained = true));
  expect(first.telephony.ringIn({ sipCallId: "in-2" })).toMatchObject({ take: false, sipCode: 503 });
  await house.clock.advance(100);
  const other = parsePhoneNumber("+12125550124");
  if (other === null) throw new Error("not E.164");
  const waiting = await house.post({ to: other });
  await house.clock.advance(5_000);
  expect(await house.history(waiting)).toEqual(["RequestReceived", "RequestQueued"]);
  const second = await house.startServer("telephony-2");
  await house.until(waiting, "Accepted");
  expect(first.telephony.placed).toHaveLength(1);
  await house.until(request, "RequestCompleted");
  expect(drained).toBe(false);
  first.telephony.hangUpIncoming("in-1");
  await house.clock.settle(() => drained, "the server is drained");
  await first.server.stop();
  await second.server.stop();
  await dispatcher.stop();
  await house.close();
});

test("a dispatcher that leaves hands its partitions over at once (E06, T20)", async () => {
  const house = await createHouse();
  const first = await house.startDispatcher();
  const second = await house.startDispatcher();
  await house.clock.settle(
    () => first.owned().length === 4 && second.owned().length === 4,
    "both have a share",
  );
  await first.stop();
  await house.clock.settle(() => second.owned().length === 8, "the other has all");
  await second.stop();
  await house.close();
});
