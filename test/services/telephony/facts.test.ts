import { expect, test } from "vitest";
import { milliseconds } from "../../../domain/kernel/time.ts";
import type { Durable } from "../../../domain/ports/durable.ts";
import type { Entry } from "../../../domain/ports/event-log.ts";
import { createFacts } from "../../../services/telephony/facts.ts";
import { CUSTOMER, later, NINE, REQUEST, SERVER } from "../../support/sample-request.ts";

test("answers to offers tell their time by the clock of load reports, whatever the wall clock was set to (J08)", () => {
  const told: Entry<"requests">["message"][] = [];
  const facts = createFacts(SERVER, {
    clock: {
      now: () => later(-3_600_000),
      monotonic: () => milliseconds(0),
      schedule: () => () => undefined,
    },
    chance: { draw: () => 0, bytes: () => new Uint8Array(), ulid: () => "id" },
    outbox: {
      report(entry) {
        told.push(entry.message);
        return Promise.resolve({ at: NINE } as Durable);
      },
    },
    steadyNow: () => NINE,
    runStartedAt: later(-1),
  });
  const answered = { requestId: REQUEST, customer: CUSTOMER, offer: `${REQUEST}#1`, epoch: 1 } as Parameters<
    typeof facts.offerAccepted
  >[0];
  facts.offerAccepted(answered, 1, "cause");
  facts.offerRejected(answered, "busy", null);
  expect(told).toMatchObject([
    { type: "OfferAccepted", at: NINE, runStartedAt: later(-1) },
    { type: "OfferRejected", at: NINE },
  ]);
});
