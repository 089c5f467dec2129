import fc from "fast-check";
import { expect, test } from "vitest";
import {
  base32,
  offerId,
  parseCustomerKey,
  parseOfferId,
  parseRequestId,
  parseSenderId,
  requestId,
  requestOfOffer,
  SLOT_COUNT,
  type Slot,
  slotOfCustomer,
  slotOfName,
  slotOfRequest,
} from "../../../domain/kernel/identifiers.ts";

const digest = fc.uint8Array({ minLength: 16, maxLength: 16 });
const slot = fc.integer({ min: 0, max: SLOT_COUNT - 1 }).map((value) => value as Slot);

test("a Request's id is readable and carries its slot", () => {
  fc.assert(
    fc.property(digest, slot, (bytes, at) => {
      const id = requestId(bytes, at);
      expect(parseRequestId(id)).toBe(id);
      expect(slotOfRequest(id)).toBe(at);
    }),
  );
});

test("different digests give different ids", () => {
  fc.assert(
    fc.property(digest, digest, (a, b) => (base32(a) === base32(b)) === (Buffer.compare(a, b) === 0)),
  );
});

test("an offer's id names its Request and its number", () => {
  fc.assert(
    fc.property(digest, slot, fc.integer({ min: 1, max: 999_999 }), (bytes, at, n) => {
      const request = requestId(bytes, at);
      const offer = offerId(request, n);
      expect(parseOfferId(offer)).toBe(offer);
      expect(requestOfOffer(offer)).toBe(request);
    }),
  );
});

test("the slot of a Customer comes from the first two bytes of its key", () => {
  const key = parseCustomerKey("1fff0000000000000000000000000000");
  expect(key !== null && slotOfCustomer(key)).toBe(0x1fff % SLOT_COUNT);
});

test("slots of names lie within the slots and are the same everywhere", () => {
  expect(slotOfName("telephony-1")).toBe(slotOfName("telephony-1"));
  fc.assert(fc.property(fc.string(), (name) => slotOfName(name) >= 0 && slotOfName(name) < SLOT_COUNT));
});

test.each([
  "rq_",
  "rq_0123456789abcdefghjkmnpqrs_0A1",
  "rq_0123456789abcdefghjkmnpqri_0a1",
  " rq_0123456789abcdefghjkmnpqrs_0a1",
])("%j is no Request id", (text) => {
  expect(parseRequestId(text)).toBeNull();
});

test.each([
  "",
  "Hotel",
  "-hotel",
  "hotel-",
  "ho tel",
  "h".repeat(65),
  "höt",
])("%j is no account name", (text) => {
  expect(parseSenderId(text)).toBeNull();
});
