/** Records that can't be read, or are not there: the partition goes on, and the operator hears of it. */
import { expect, test } from "vitest";
import type { Delivered } from "../../../domain/ports/event-log.ts";
import { HOTEL, REQUEST, submission } from "../../support/sample-request.ts";
import { answerTo, delivered, newestOffer, newShelf, sampleDesk } from "./sample-desk.ts";

test("a record that nobody can read is set aside as an event, with an alarm, and the next one is handled (row 44)", () => {
  const desk = sampleDesk();
  desk.report();
  const where = { topic: "requests", partition: 0, offset: 0, key: "k", appendedAt: desk.now() } as const;
  desk.raw({ ...where, ok: false, reason: "schema id 99 is unknown here" });
  desk.input(submission());
  expect(desk.commit()).toEqual(["RecordQuarantined", "RequestReceived", "RequestQueued", "Dispatched"]);
  expect(desk.events()[0]).toMatchObject({ offset: 0, reason: "schema id 99 is unknown here" });
  expect(desk.desk.figures().quarantined).toBe(1);
  expect(desk.operatorLog.lines).toMatchObject([{ level: "error", facts: { offset: 0 } }]);
});

test("a record that none of ours would write is set aside by its field, not its value, and the next one is handled (row 44)", () => {
  const desk = sampleDesk();
  desk.report();
  desk.input(submission({ customer: "+12125550123" as never }));
  desk.input(submission());
  expect(desk.commit()).toEqual(["RecordQuarantined", "RequestReceived", "RequestQueued", "Dispatched"]);
  expect(desk.events()[0]).toMatchObject({
    offset: 0,
    reason: "no SubmitRequest of this partition: terms.customer",
  });
  expect(JSON.stringify(desk.operatorLog.lines)).not.toContain("12125550123");
});

test("an empty record has a consequence too (I14)", () => {
  const desk = sampleDesk();
  desk.input(null);
  expect(desk.commit()).toEqual(["FactIgnored"]);
});

/** An owner that finds events of a Request missing: those of its offer and its acceptance. */
function withGap() {
  const shelf = newShelf();
  const desk = sampleDesk(shelf);
  desk.report();
  desk.input(submission());
  desk.commitTorn({ state: false, events: true });
  desk.input(answerTo(newestOffer(desk), "OfferAccepted", desk.now()));
  desk.commitTorn({ state: false, events: true });
  shelf.events.splice(2, 1);
  return desk;
}

test("a Request of which events are missing is set aside with an alarm, and nothing is done for it (5.1.2)", () => {
  const next = withGap().successor();
  expect(next.commit()).toEqual(["RequestSetAside"]);
  expect(next.events().at(-1)).toMatchObject({ knownUpTo: 2, foundNext: 4 });
  expect(next.operatorLog.lines).toMatchObject([
    { level: "error", facts: { request: REQUEST, knownUpTo: 2, foundNext: 4 } },
  ]);
  expect(next.desk.figures().setAside).toBe(1);
  next.report();
  next.pass(3_600_000);
  expect(next.commit()).toEqual([]);
});

test("what is set aside stays so for the next owner, which raises no second alarm", () => {
  const first = withGap().successor();
  first.commit();
  const second = first.successor();
  second.report();
  second.pass(60_000);
  expect(second.commit()).toEqual([]);
  expect(second.operatorLog.lines).toEqual([]);
});

test("what is set aside ends when it is taken back, with the number after the last that was found", () => {
  const next = withGap().successor();
  next.input({ type: "CancelRequest", requestId: REQUEST, sender: HOTEL, at: next.now() });
  expect(next.commit()).toEqual(["RequestSetAside", "CancelRequested", "RequestCancelled"]);
});

test("the rest of the partition goes on beside it", () => {
  const next = withGap().successor();
  next.report();
  const other = "rq_1123456789abcdefghjkmnpqrs_0a1" as typeof REQUEST;
  const customer = "00a1b2c3d4e5f60718293a4b5c6d7e90" as never;
  const asked = submission({ customer });
  next.input({ ...asked, requestId: other, messageDigest: "digest-2" });
  expect(next.commit()).toContain("Dispatched");
});

test.each([
  "a record that nobody can read",
  "a snapshot that is no JSON",
  "a snapshot of nothing",
])("with %s in its state an owner believes none of it and is restored from the events", (damage) => {
  const shelf = newShelf();
  const desk = sampleDesk(shelf);
  desk.report();
  desk.input(submission());
  desk.commit();
  const offer = newestOffer(desk);
  const spoilt = shelf.state.findIndex(({ key }) => key === REQUEST);
  expect(spoilt).toBeGreaterThanOrEqual(0);
  const sample = sampleDesk({ ...shelf, state: [] }, { state: false, events: false });
  for (const [index, { key, message, offset, envelope }] of shelf.state.entries()) {
    const record = delivered("state", key, message, offset, envelope);
    sample.desk.restoreState(index === spoilt ? spoil(record, damage) : record);
  }
  expect(sample.desk.eventsKnownUpTo()).toBeNull();
  for (const { key, message, offset, envelope } of shelf.events) {
    sample.desk.restoreEvent(delivered("events", key, message, offset, envelope));
  }
  sample.desk.open(desk.now());
  sample.input(answerTo(offer, "OfferAccepted", desk.now()));
  expect(sample.commit()).toEqual(["Accepted"]);
  expect(sample.operatorLog.lines).toMatchObject([{ level: "error", facts: { key: REQUEST } }]);
});

function spoil(record: Delivered<"state"> & { readonly ok: true }, damage: string): Delivered<"state"> {
  const { topic, partition, offset, key, appendedAt, message } = record;
  if (damage === "a record that nobody can read") {
    return { topic, partition, offset, key, appendedAt, ok: false, reason: "spoilt" };
  }
  if (message?.type !== "RequestState") throw new Error("the Request's own state is spoilt here");
  return { ...record, message: { ...message, snapshot: damage.includes("JSON") ? "{" : "null" } };
}
