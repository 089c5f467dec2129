import { expect, test } from "vitest";
import { createMemoryJournal } from "../../adapters/call-journal/memory-journal.ts";
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
