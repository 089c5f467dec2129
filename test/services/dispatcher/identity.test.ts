/** What was handled once is never handled again, however it comes back and whatever a new owner finds (5.2, I13, I14). */
import { describe, expect, test } from "vitest";
import type { InputMessage } from "../../../domain/request/commands.ts";
import { CAUSES_KEPT_MAX } from "../../../services/dispatcher/recent-causes.ts";
import {
  CUSTOMER,
  completed,
  HOTEL,
  NINE,
  REQUEST,
  SERVER,
  submission,
} from "../../support/sample-request.ts";
import { answerTo, delivered, type Found, newestOffer, type SampleDesk, sampleDesk } from "./sample-desk.ts";

const FOUND: readonly (readonly [string, Found])[] = [
  ["from its state", { state: true, events: false }],
  ["from state and events", { state: true, events: true }],
  ["from the events alone", { state: false, events: true }],
];

const caller = { inboundId: "in_1", customer: CUSTOMER, server: SERVER, port: 1 };
const STARTED: InputMessage = {
  type: "InboundStarted",
  ...caller,
  sipCallId: "s",
  at: NINE,
  runStartedAt: null,
};
const ENDED: InputMessage = {
  type: "InboundEnded",
  ...caller,
  startedAt: NINE,
  endedBy: "customer",
  at: NINE,
};
const REFUSED: InputMessage = {
  type: "IntakeRefused",
  channel: "http",
  claimedSender: "x",
  source: "192.0.2.1",
  reason: "wrong",
  count: 3,
  at: NINE,
};

/** Everything up to the end of one call, committed. */
function oneCall(): { desk: SampleDesk; inputs: (readonly [InputMessage, string])[] } {
  const desk = sampleDesk();
  const inputs: (readonly [InputMessage, string])[] = [];
  const say = (message: InputMessage): void => {
    inputs.push([message, `c${inputs.length}`]);
    desk.input(message, `c${inputs.length - 1}`);
    desk.commit();
  };
  desk.report();
  say(submission());
  const offer = newestOffer(desk);
  say(answerTo(offer, "OfferAccepted", desk.now()));
  const call = { type: "CallReported", requestId: REQUEST, offer: offer.offer, server: SERVER } as const;
  say({ ...call, factSeq: 1, step: { type: "CallPlaced", at: NINE, sipCallId: "s", trunk: "t" } });
  say({ ...call, factSeq: 2, step: completed({ outcome: "completed" }) });
  say(STARTED);
  say(ENDED);
  say(REFUSED);
  say({ type: "CancelRequest", requestId: REQUEST, sender: HOTEL, at: NINE });
  return { desk, inputs };
}

describe.each(FOUND)("an owner restored %s", (_how, found) => {
  test("that is given everything again from the start writes nothing and offers nothing (row 43)", () => {
    const { desk, inputs } = oneCall();
    const [events, offers] = [desk.events().length, desk.offers().length];
    const next = desk.successor(found);
    next.report();
    for (const [offset, [message, id]] of inputs.entries()) {
      next.raw(delivered("requests", CUSTOMER, message, offset, { id }));
    }
    expect(next.commit()).toEqual([]);
    expect([next.events().length, next.offers().length]).toEqual([events, offers]);
    expect(next.desk.handledUpTo()).toBe(inputs.length - 1);
  });

  test("knows each record again that was appended twice, and says of each that nothing followed", () => {
    const { desk, inputs } = oneCall();
    const next = desk.successor(found);
    next.report();
    for (const [message, id] of inputs) next.input(message, id);
    expect(next.commit()).toEqual(inputs.map(() => "FactIgnored"));
    expect(next.offers()).toHaveLength(desk.offers().length);
  });

  test("knows a message again by its digest, whatever record brings it (H09, H12, H13)", () => {
    const { desk } = oneCall();
    const next = desk.successor(found);
    next.report();
    next.input({ ...submission(), requestId: `${REQUEST.slice(0, -5)}z_0a1` as typeof REQUEST }, "another");
    expect(next.commit()).toEqual(["FactIgnored"]);
    expect(next.events().at(-1)).toMatchObject({ fact: "SubmitRequest", reason: "replayed" });
  });

  test("knows a fact again by its number within the offer, whatever record brings it", () => {
    const desk = sampleDesk();
    desk.report();
    desk.input(submission());
    desk.commit();
    const offer = newestOffer(desk);
    desk.input(answerTo(offer, "OfferAccepted", desk.now()));
    const placed = {
      type: "CallReported",
      requestId: REQUEST,
      offer: offer.offer,
      server: SERVER,
      factSeq: 1,
      step: { type: "CallPlaced", at: NINE, sipCallId: "s", trunk: "t" },
    } as const;
    desk.input(placed, "first");
    desk.commit();
    const next = desk.successor(found);
    next.input(placed, "second");
    expect(next.commit()).toEqual(["FactIgnored"]);
    expect(next.events().at(-1)).toMatchObject({ reason: "duplicate" });
  });
});

test("a call that came in and is told again after its end does not hold the line for ever (I16)", () => {
  const desk = sampleDesk();
  desk.input(STARTED, "a");
  desk.input(ENDED, "b");
  desk.input(STARTED, "a");
  desk.commit();
  desk.report();
  desk.input(submission());
  expect(desk.commit()).toContain("Dispatched");
});

test(`of the ids that stand for themselves the newest ${CAUSES_KEPT_MAX} are known again`, () => {
  const desk = sampleDesk();
  for (let n = 0; n <= CAUSES_KEPT_MAX; n += 1) desk.input(REFUSED, `gate-${n}`);
  desk.commit();
  const next = desk.successor({ state: true, events: false });
  next.input(REFUSED, "gate-0");
  next.input(REFUSED, "gate-2");
  expect(next.commit()).toEqual(["IntakeRefused", "FactIgnored"]);
});

test("events without the changelog of their transaction are found and go on from there", () => {
  const desk = sampleDesk();
  desk.report();
  desk.input(submission());
  desk.commitTorn({ state: false, events: true });
  const next = desk.successor();
  expect(next.desk.handledUpTo()).toBe(0);
  next.input(answerTo(newestOffer(desk), "OfferAccepted", desk.now()));
  expect(next.commit()).toEqual(["Accepted"]);
});
