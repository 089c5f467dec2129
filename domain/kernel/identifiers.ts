import type { Brand } from "./brand.ts";

/** `rq_<26 characters>_<slot in hex>`: the slot says which partition knows the Request. */
export type RequestId = Brand<string, "RequestId">;
/** Pseudonym of a Customer's number: 32 hexadecimal digits, the first 16 bytes of an HMAC-SHA-256. */
export type CustomerKey = Brand<string, "CustomerKey">;
/** The account name of a Sender: lower-case letters, digits and hyphens. */
export type SenderId = Brand<string, "SenderId">;
/** The configured name of a telephony server, unique in the installation. */
export type ServerId = Brand<string, "ServerId">;
/** `<request id>#<n>`: the n-th offer of that Request; the key of everything a telephony server remembers. */
export type OfferId = Brand<string, "OfferId">;
/** 0 … 4095, from the first two bytes of the Customer's key; the partition is slot mod partitions. */
export type Slot = Brand<number, "Slot">;

export const SLOT_COUNT = 4096;

// Crockford's base 32 in lower case: no i, l, o, u, so that an id can be read out over a telephone.
const REQUEST_ID = /^rq_[0-9a-hjkmnp-tv-z]{26}_[0-9a-f]{3}$/;
const CUSTOMER_KEY = /^[0-9a-f]{32}$/;
const ACCOUNT_NAME = /^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$/;
const OFFER_ID = /^(rq_[0-9a-hjkmnp-tv-z]{26}_[0-9a-f]{3})#([1-9][0-9]{0,5})$/;

export function parseRequestId(text: string): RequestId | null {
  return REQUEST_ID.test(text) ? (text as RequestId) : null;
}

export function parseCustomerKey(text: string): CustomerKey | null {
  return CUSTOMER_KEY.test(text) ? (text as CustomerKey) : null;
}

export function parseSenderId(text: string): SenderId | null {
  return ACCOUNT_NAME.test(text) ? (text as SenderId) : null;
}

export function parseServerId(text: string): ServerId | null {
  return ACCOUNT_NAME.test(text) ? (text as ServerId) : null;
}

export function parseOfferId(text: string): OfferId | null {
  return OFFER_ID.test(text) ? (text as OfferId) : null;
}

export function offerId(request: RequestId, offer: number): OfferId {
  return `${request}#${offer}` as OfferId;
}

export function requestOfOffer(offer: OfferId): RequestId {
  return offer.slice(0, offer.indexOf("#")) as RequestId;
}

export function slotOfCustomer(customer: CustomerKey): Slot {
  return (Number.parseInt(customer.slice(0, 4), 16) % SLOT_COUNT) as Slot;
}

export function slotOfRequest(request: RequestId): Slot {
  return Number.parseInt(request.slice(-3), 16) as Slot;
}

/** Spreads names that are not Customers (servers, Senders) over slots: FNV-1a, the same in every process. */
export function slotOfName(name: string): Slot {
  let hash = 0x811c9dc5;
  for (let index = 0; index < name.length; index += 1) {
    hash = Math.imul(hash ^ name.charCodeAt(index), 0x01000193);
  }
  return ((hash >>> 0) % SLOT_COUNT) as Slot;
}

const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";

/** Writes 16 bytes as 26 characters of Crockford's base 32, most significant first. */
export function base32(bytes: Uint8Array): string {
  let value = 0n;
  for (const byte of bytes) value = (value << 8n) | BigInt(byte);
  let text = "";
  for (let place = 0; place < 26; place += 1) {
    text = (ALPHABET[Number(value & 31n)] ?? "") + text;
    value >>= 5n;
  }
  return text;
}

/** The id of a Request is derived from `digest` (16 bytes), so that a repeated post gets the same one. */
export function requestId(digest: Uint8Array, slot: Slot): RequestId {
  return `rq_${base32(digest)}_${slot.toString(16).padStart(3, "0")}` as RequestId;
}
