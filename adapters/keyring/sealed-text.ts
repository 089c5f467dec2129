/** The form of personal data in an event: `<key id>.<base64url of iv, ciphertext and tag>`. */
import { createHmac, createSecretKey } from "node:crypto";
import { type CustomerKey, parseCustomerKey } from "../../domain/kernel/identifiers.ts";
import type { PhoneNumber } from "../../domain/kernel/phone-number.ts";
import { parseSealed, type Sealed } from "../../domain/kernel/sealed.ts";
import { formatInstant, type Instant } from "../../domain/kernel/time.ts";
import { decrypt, encrypt } from "./cipher.ts";
import { SealBrokenError } from "./keyring-errors.ts";

/** Inline programs are the largest; a Request's body is refused long before. */
const PLAINTEXT_BYTES_MAX = 1024 * 1024;
const PSEUDONYM_BYTES = 16;

/** A data key and what it is for. */
export type DataKey = { readonly id: string; readonly subject: string; readonly key: Uint8Array };

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

export function monthOf(at: Instant): string {
  return formatInstant(at).slice(0, 7);
}

export function pseudonymOf(tenantKey: Uint8Array, number: PhoneNumber): CustomerKey {
  // A key object, for the reason told in cipher.ts.
  const hash = createHmac("sha256", createSecretKey(tenantKey)).update(number, "utf8").digest();
  const key = parseCustomerKey(hash.subarray(0, PSEUDONYM_BYTES).toString("hex"));
  if (key === null) throw new Error("keyring: made a pseudonym that is none");
  return key;
}

function belongsTo({ id, subject }: DataKey): string {
  return `${subject}/${id}`;
}
