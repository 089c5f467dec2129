/** What no program of ours would write on `requests`, field by field; and that everything of ours passes. */
import { describe, expect, test } from "vitest";
import type { CustomerKey, OfferId, RequestId, ServerId, Slot } from "../../../domain/kernel/identifiers.ts";
import type { Sealed } from "../../../domain/kernel/sealed.ts";
import { instant, milliseconds } from "../../../domain/kernel/time.ts";
import type { InputMessage } from "../../../domain/request/commands.ts";
import { foreignField } from "../../../domain/request/foreign-input.ts";
import {
  CUSTOMER,
  completed,
  HOTEL,
  NINE,
  REQUEST,
  SERVER,
  submission,
} from "../../support/sample-request.ts";

/** The partition of the sample's Customer, out of eight. */
const OWN = { isOwn: (slot: Slot) => slot % 8 === 1, isZone: (name: string) => name === "Europe/Berlin" };
const OFFER = `${REQUEST}#1` as OfferId;

const answer = {
  type: "OfferAccepted",
  requestId: REQUEST,
  offer: OFFER,
  server: SERVER,
  port: 1,
  epoch: 1,
  at: NINE,
  runStartedAt: NINE,
} as const;
const step = completed({ outcome: "completed", answeredAt: NINE });
const reported = {
  type: "CallReported",
  requestId: REQUEST,
  offer: OFFER,
  server: SERVER,
  factSeq: 1,
  step,
} as const;
const caller = {
  type: "InboundStarted",
  inboundId: "in_1",
  customer: CUSTOMER,
  server: SERVER,
  port: 1,
  sipCallId: "a",
  at: NINE,
  runStartedAt: null,
} as const;
const cancel = { type: "CancelRequest", requestId: REQUEST, sender: HOTEL, at: NINE } as const;
const erase = { type: "EraseCustomer", customer: CUSTOMER, keys: 1, at: NINE } as const;
const refused = {
  type: "IntakeRefused",
  channel: "http",
  claimedSender: "?",
  source: "",
  reason: "",
  count: 1,
  at: NINE,
} as const;
const window = (zone: string | null) => ({ fromMinute: 540, toMinute: 1_020, zone });

describe("a record of ours", () => {
  const ours: Readonly<Record<string, InputMessage>> = {
    "a Request": submission(),
    "a Request with a window in a zone": submission({ window: window("Europe/Berlin") }),
    "a Request with a window in the Customer's zone": submission({ window: window(null) }),
    "a cancellation": cancel,
    "a server's yes": answer,
    "the end of a call": reported,
    "a call that came in": caller,
    "a caller without a number": { ...caller, customer: "telephony-1" as CustomerKey },
    "an erasure": erase,
    "a refusal at the gate": refused,
  };
  for (const [name, message] of Object.entries(ours)) {
    test(`is taken: ${name}`, () => {
      expect(foreignField(message, OWN)).toBeNull();
    });
  }
});

describe("a record that none of ours would write is given away by", () => {
  const elsewhere = REQUEST.replace(/0a1$/, "0a2") as RequestId;
  const other = CUSTOMER.replace(/^00a1/, "00a2") as CustomerKey;
  const request = submission();
  const foreign: readonly (readonly [string, InputMessage])[] = [
    ["requestId", { ...request, requestId: "__proto__" as RequestId }],
    ["requestId", { ...request, requestId: elsewhere }],
    ["requestId", { ...cancel, requestId: elsewhere }],
    ["requestId", { ...answer, requestId: elsewhere, offer: `${elsewhere}#1` as OfferId }],
    ["terms.customer", submission({ customer: other })],
    ["terms.customer", submission({ customer: "somebody" as CustomerKey })],
    ["terms.sender", submission({ sender: "No Name" as typeof HOTEL })],
    ["terms.to", submission({ to: "+12125550123" as Sealed })],
    ["terms.window.zone", submission({ window: window("Nowhere/Land") })],
    ["terms.notAfter", submission({ notAfter: instant(Number.MAX_SAFE_INTEGER) })],
    ["terms.ringTimeoutMs", submission({ ringTimeoutMs: milliseconds(-1) })],
    ["messageDigest", { ...request, messageDigest: "d".repeat(257) }],
    ["sender", { ...cancel, sender: "" as typeof HOTEL }],
    ["server", { ...answer, server: "a b" as ServerId }],
    ["offer", { ...answer, offer: `${elsewhere}#1` as OfferId }],
    ["offer", { ...reported, offer: REQUEST as string as OfferId }],
    ["step.jitterMs", { ...reported, step: { ...step, jitterMs: Number.NaN } }],
    ["server", { ...caller, server: "" as ServerId }],
    ["inboundId", { ...caller, inboundId: "i".repeat(257) }],
    ["customer", { ...caller, customer: other }],
    ["customer", { ...erase, customer: "+12125550123" as CustomerKey }],
    ["at", { ...refused, at: instant(Number.NEGATIVE_INFINITY) }],
  ];
  for (const [index, [field, message]] of foreign.entries()) {
    test(`${field} of a ${message.type} (${index + 1})`, () => {
      expect(foreignField(message, OWN)).toBe(field);
    });
  }
});
