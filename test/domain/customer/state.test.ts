import { expect, test } from "vitest";
import {
  CALLS_KEPT_MAX,
  type CustomerState,
  foldCustomer,
  forgettableAt,
  SEEN_FOR_MS,
  SEEN_MAX,
  seenBefore,
  UNKNOWN_CUSTOMER,
} from "../../../domain/customer/state.ts";
import { instant } from "../../../domain/kernel/time.ts";
import type { RequestEvent } from "../../../domain/request/events.ts";
import {
  acceptedOffer,
  CUSTOMER,
  completed,
  dispatched,
  later,
  NINE,
  REQUEST,
  received,
  SERVER,
} from "../../support/sample-request.ts";

const DISPATCHED = dispatched();
const offer = DISPATCHED.type === "Dispatched" ? DISPATCHED.offer : null;

function fold(...events: readonly RequestEvent[]): CustomerState {
  return events.reduce((state, event) => foldCustomer(state, event, REQUEST), UNKNOWN_CUSTOMER);
}

test("a Customer's line is taken from the offer to the end of the call (I3)", () => {
  if (offer === null) throw new Error("no offer");
  const call = { ...completed(), attempt: 1, offer, server: SERVER, factSeq: 2 };
  expect(fold(DISPATCHED, acceptedOffer()).busyWith).toEqual([offer]);
  expect(fold(DISPATCHED, acceptedOffer(), call).busyWith).toEqual([]);
});

test("a refused offer and a cancelled Request free the line", () => {
  if (offer === null) throw new Error("no offer");
  const rejected: RequestEvent = {
    type: "DispatchRejected",
    at: NINE,
    attempt: 1,
    offer,
    server: SERVER,
    reason: "busy",
  };
  expect(fold(DISPATCHED, rejected).busyWith).toEqual([]);
  expect(fold(DISPATCHED, { type: "RequestCancelled", at: NINE, attempts: 0 }).busyWith).toEqual([]);
});

test("calls are counted when they are placed, not when they are intended (F03)", () => {
  if (offer === null) throw new Error("no offer");
  const placed: RequestEvent = {
    type: "CallPlaced",
    at: later(20),
    sipCallId: "a",
    trunk: "t",
    attempt: 1,
    offer,
    server: SERVER,
    factSeq: 1,
  };
  expect(fold(DISPATCHED, acceptedOffer()).calls).toEqual([]);
  expect(fold(DISPATCHED, acceptedOffer(), placed).calls).toEqual([later(20)]);
  const many = Array.from({ length: CALLS_KEPT_MAX + 5 }, () => placed);
  expect(fold(...many).calls).toHaveLength(CALLS_KEPT_MAX);
});

test("a call that was lost before anybody could say that it was placed counts all the same (F03)", () => {
  if (offer === null) throw new Error("no offer");
  const step = { attempt: 1, offer, server: SERVER, factSeq: 1 };
  const placed = { ...step, type: "CallPlaced", at: later(1), sipCallId: "c", trunk: "t" } as const;
  const lost = { ...step, type: "CallLost", at: later(2), how: "journal" } as const;
  expect(fold(DISPATCHED, acceptedOffer(), { ...lost, phase: "invited" }).calls).toEqual([later(2)]);
  expect(fold(DISPATCHED, acceptedOffer(), placed, { ...lost, phase: "answered" }).calls).toEqual([later(1)]);
  expect(fold(DISPATCHED, acceptedOffer(), { ...lost, phase: "granted" }).calls).toEqual([]);
});

test("a message stays known for its time, and the list is bounded (H09, H10)", () => {
  const state = fold(received());
  expect(seenBefore(state, "digest-1", NINE)).toBe(REQUEST);
  expect(seenBefore(state, "digest-2", NINE)).toBeNull();
  expect(seenBefore(state, "digest-1", instant(NINE + SEEN_FOR_MS))).toBeNull();
  const many = Array.from({ length: SEEN_MAX + 10 }, (_, index) => ({
    ...received(),
    messageDigest: `d${index}`,
  }));
  expect(fold(...many).seen).toHaveLength(SEEN_MAX);
});

test("a Customer is forgotten only when nothing depends on it any more", () => {
  expect(forgettableAt(UNKNOWN_CUSTOMER, 1_000)).toBe(0);
  expect(forgettableAt(fold(received()), 1_000)).toBe(NINE + SEEN_FOR_MS);
  expect(forgettableAt({ ...UNKNOWN_CUSTOMER, calls: [NINE] }, 1_000)).toBe(NINE + 1_001);
  expect(forgettableAt(fold(DISPATCHED), 1_000)).toBeNull();
});

const CALLER = { inboundId: "in_1", customer: CUSTOMER, server: SERVER, port: 1 };
const STARTED: RequestEvent = {
  type: "InboundStarted",
  ...CALLER,
  sipCallId: "s",
  at: NINE,
  runStartedAt: NINE,
};

test("a Customer who calls in holds the line until that call ends, and it is known where (I3)", () => {
  const ended: RequestEvent = {
    type: "InboundEnded",
    ...CALLER,
    startedAt: NINE,
    endedBy: "customer",
    at: later(5),
  };
  expect(fold(STARTED)).toMatchObject({ busyWith: ["in_1"], inbound: [{ server: SERVER }] });
  expect(fold(STARTED, STARTED)).toEqual(fold(STARTED));
  expect(fold(STARTED, ended)).toEqual(UNKNOWN_CUSTOMER);
});

test("calls that were declared over with their server are remembered, the newest few (I16)", () => {
  const many = Array.from(
    { length: 20 },
    (_, id): RequestEvent => ({
      type: "InboundEnded",
      ...CALLER,
      inboundId: `in_${id}`,
      startedAt: NINE,
      endedBy: "server-gone",
      at: later(5),
    }),
  );
  expect(fold(...many).goneCalls).toEqual(many.slice(-8).map((_, index) => `in_${index + 12}`));
});
