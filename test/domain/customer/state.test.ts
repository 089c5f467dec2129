import { expect, test } from "vitest";
import {
  CALLS_KEPT_MAX,
  type CustomerState,
  foldCustomer,
  isForgettable,
  SEEN_FOR_MS,
  SEEN_MAX,
  seenBefore,
  UNKNOWN_CUSTOMER,
} from "../../../domain/customer/state.ts";
import { instant } from "../../../domain/kernel/time.ts";
import type { RequestEvent } from "../../../domain/request/events.ts";
import {
  acceptedOffer,
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
  expect(isForgettable(UNKNOWN_CUSTOMER, NINE, 1_000)).toBe(true);
  expect(isForgettable(fold(received()), NINE, 1_000)).toBe(false);
  expect(isForgettable(fold(received()), instant(NINE + SEEN_FOR_MS), 1_000)).toBe(true);
  expect(isForgettable(fold(DISPATCHED), instant(NINE + SEEN_FOR_MS), 1_000)).toBe(false);
});
