import { expect, test } from "vitest";
import type { Hold } from "../../../domain/directory/hold.ts";
import { later, submission } from "../../support/sample-request.ts";
import { answerTo, newestOffer, type SampleDesk, sampleDesk } from "./sample-desk.ts";

const declare = (sample: SampleDesk): void => {
  const hold: Hold = { type: "HoldDeclared", at: sample.now(), by: "telephony/one", reason: "older" };
  sample.directory.hold = hold;
};

const lift = (sample: SampleDesk, choice: "accept-repeat" | "mark-unknown"): void => {
  const heldSince = sample.directory.hold?.at ?? later(0);
  sample.directory.hold = { type: "HoldLifted", at: sample.now(), heldSince, choice };
};

function offered(): SampleDesk {
  const desk = sampleDesk();
  desk.report();
  desk.input(submission());
  desk.commit();
  return desk;
}

test("a server's yes to an offer from just before the hold is taken back before it is granted", () => {
  const desk = offered();
  declare(desk);
  desk.input(answerTo(newestOffer(desk), "OfferAccepted", desk.now()));
  expect(desk.commit()).toEqual(["DispatchRejected", "RequestQueued"]);
  expect(desk.offers().map((message) => message?.type)).toEqual(["Offer", "HangUp"]);
  desk.report();
  desk.pass(30_000);
  expect(desk.commit()).toEqual([]);
  desk.report();
  lift(desk, "accept-repeat");
  desk.pass(1_000);
  expect(desk.commit()).toEqual(["Dispatched"]);
});

test("while calls are held no deadline passes, for nobody knows what has been done about it", () => {
  const desk = offered();
  declare(desk);
  desk.pass(2 * 86_400_000);
  expect(desk.commit()).toEqual([]);
  expect(desk.desk.nextWakeAt(desk.now())).toBeNull();
});

test("what an operator gives up ends as unknown, in whatever phase it is, and later Requests do not", () => {
  const desk = offered();
  declare(desk);
  desk.pass(1_000);
  lift(desk, "mark-unknown");
  desk.pass(1_000);
  expect(desk.commit()).toEqual(["RequestFailed"]);
  expect(desk.events().at(-1)).toMatchObject({ outcome: "unknown" });
  desk.pass(60_000);
  expect(desk.commit()).toEqual([]);
});

test("a command from before the hold that is read only after the decision is part of it", () => {
  const desk = sampleDesk();
  desk.pass(1_000);
  declare(desk);
  desk.pass(1_000);
  lift(desk, "mark-unknown");
  desk.pass(1_000);
  desk.report();
  desk.input(submission());
  expect(desk.commit()).toEqual(["RequestReceived", "RequestQueued", "RequestFailed"]);
});
