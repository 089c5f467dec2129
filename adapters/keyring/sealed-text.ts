/** The form of personal data in an event: `<key id>.<base64url of iv, ciphertext and tag>`. */
import { createHmac, type KeyObject } from "node:crypto";
import { type CustomerKey, parseCustomerKey } from "../../domain/kernel/identifiers.ts";
import type { PhoneNumber } from "../../domain/kernel/phone-number.ts";
import { parseSealed, type Sealed } from "../../domain/kernel/sealed.ts";
import { formatInstant, type Instant, MINUTE_MS } from "../../domain/kernel/time.ts";
import { decrypt, encrypt } from "./cipher.ts";
import { SealBrokenError } from "./keyring-errors.ts";

/** Inline programs are the largest; a Request's body is refused long before. */
const PLAINTEXT_BYTES_MAX = 1024 * 1024;
const PSEUDONYM_BYTES = 16;

/** A data key and what it is for. */
export type DataKey = { readonly id: string; readonly subject: string; readonly key: KeyObject };

export function sealText(dataKey: DataKey, iv: Uint8Array, plaintext: string): Sealed {
  const plain = Buffer.from(plaintext, "utf8");
  if (plain.length > PLAINTEXT_BYTES_MAX) {
    throw new RangeError(`keyring: ${plain.length} bytes to seal; the most is ${PLAINTEXT_BYTES_MAX}`);
  }
  const box = encrypt(dataKey.key, iv, plain, belongsTo(dataKey));
  const sealed = parseSealed(`${dataKey.id}.${box.toString("base64url")}`);
  if (sealed === null) throw new Error("keyring: made a text that is no sealed one; its key id is at fault");
  return sealed;
}

export function keyIdOf(sealed: Sealed): string {
  return sealed.slice(0, sealed.indexOf("."));
}

/** Throws `SealBrokenError` where the text is not what was sealed under this key. */
export function openText(dataKey: DataKey, sealed: Sealed): string {
  const text = sealed.slice(sealed.indexOf(".") + 1);
  const box = Buffer.from(text, "base64url");
  // Several spellings decode to the same bytes: only the one that we write is ours.
  if (box.toString("base64url") !== text)
    throw new SealBrokenError("keyring: a sealed text is spelt wrongly");
  return decrypt(dataKey.key, box, belongsTo(dataKey)).toString("utf8");
}

/** UTC, e.g. "2026-11". Whoever seals asks again and again within the same minute, which is of one month. */
export function monthOf(at: Instant): string {
  const minute = Math.floor(at / MINUTE_MS);
  if (minute !== lastMinute) {
    lastMonth = formatInstant(at).slice(0, 7);
    lastMinute = minute;
  }
  return lastMonth;
}
let lastMinute = Number.NaN;
let lastMonth = "";

export function pseudonymOf(tenantKey: KeyObject, number: PhoneNumber): CustomerKey {
  const hash = createHmac("sha256", tenantKey).update(number, "utf8").digest();
  const key = parseCustomerKey(hash.subarray(0, PSEUDONYM_BYTES).toString("hex"));
  if (key === null) throw new Error("keyring: made a pseudonym that is none");
  return key;
}

function belongsTo({ id, subject }: DataKey): string {
  return `${subject}/${id}`;
}
