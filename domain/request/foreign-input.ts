/**
 * Records of `requests` that decode and that no program of ours would have written: names that are none, times
 * beyond every calendar, a Customer of another partition. Many may write there, and one record that its owner
 * can't digest would end that owner and each of its successors at the same place; a Customer with two owners
 * could be called twice at once. So they are set aside before anything is decided.
 */
import {
  parseCustomerKey,
  parseOfferId,
  parseRequestId,
  parseSenderId,
  parseServerId,
  requestOfOffer,
  type Slot,
  slotOfCustomer,
  slotOfRequest,
} from "../kernel/identifiers.ts";
import { parseSealed } from "../kernel/sealed.ts";
import type { InputMessage, SubmitRequest } from "./commands.ts";

/** 9999-12-31T23:59:59.999Z, the last instant that RFC 3339 can write; no count of ours is as high. */
const NUMBER_MAX = 253_402_300_799_999;
/** Of what a Customer's state remembers for a while: a message's digest, the id of a call that came in. */
const REMEMBERED_CHARACTERS_MAX = 256;

export type OwnHouse = {
  /** Whether a Customer or Request of this slot belongs to the partition that the record stands in. */
  readonly isOwn: (slot: Slot) => boolean;
  readonly isZone: (name: string) => boolean;
};

/** The field that gives a record away as none of ours, never its value; null: there is none. */
export function foreignField(message: InputMessage, house: OwnHouse): string | null {
  return wrongNumber(message, "") ?? wrongName(message, house);
}

/** Every time, length and count of ours is a number from zero on, and none is so large that a sum of them is not. */
function wrongNumber(value: object, path: string): string | null {
  for (const [name, field] of Object.entries(value) as [string, unknown][]) {
    if (typeof field === "number" && !(field >= 0 && field <= NUMBER_MAX)) return `${path}${name}`;
    if (typeof field !== "object" || field === null) continue;
    const found = wrongNumber(field, `${path}${name}.`);
    if (found !== null) return found;
  }
  return null;
}

function wrongName(message: InputMessage, house: OwnHouse): string | null {
  switch (message.type) {
    case "SubmitRequest":
      return wrongRequest(message.requestId, house) ?? wrongTerms(message, house);
    case "CancelRequest":
      if (parseSenderId(message.sender) === null) return "sender";
      return wrongRequest(message.requestId, house);
    case "OfferAccepted":
    case "OfferRejected":
    case "CallReported":
      if (parseServerId(message.server) === null) return "server";
      if (parseOfferId(message.offer) === null) return "offer";
      if (requestOfOffer(message.offer) !== message.requestId) return "offer";
      return wrongRequest(message.requestId, house);
    case "InboundStarted":
    case "InboundEnded":
      if (parseServerId(message.server) === null) return "server";
      if (message.inboundId.length > REMEMBERED_CHARACTERS_MAX) return "inboundId";
      // A caller that withheld its number goes by the name of the server, whatever partition that falls into.
      if (parseServerId(message.customer) !== null && parseCustomerKey(message.customer) === null)
        return null;
      return wrongCustomer(message.customer, house);
    case "EraseCustomer":
      return wrongCustomer(message.customer, house);
    case "IntakeRefused":
      return null;
    default:
      return message satisfies never;
  }
}

function wrongRequest(request: string, { isOwn }: OwnHouse): string | null {
  const known = parseRequestId(request);
  return known !== null && isOwn(slotOfRequest(known)) ? null : "requestId";
}

function wrongCustomer(customer: string, { isOwn }: OwnHouse): string | null {
  const known = parseCustomerKey(customer);
  return known !== null && isOwn(slotOfCustomer(known)) ? null : "customer";
}

function wrongTerms({ terms, messageDigest }: SubmitRequest, house: OwnHouse): string | null {
  if (parseSenderId(terms.sender) === null) return "terms.sender";
  if (wrongCustomer(terms.customer, house) !== null) return "terms.customer";
  if (parseSealed(terms.to) === null) return "terms.to";
  if (terms.window !== null && terms.window.zone !== null && !house.isZone(terms.window.zone)) {
    return "terms.window.zone";
  }
  return messageDigest.length > REMEMBERED_CHARACTERS_MAX ? "messageDigest" : null;
}
