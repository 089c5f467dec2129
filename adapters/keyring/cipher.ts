/**
 * AES-256-GCM, with what a ciphertext belongs to as associated data: a sealed text that is moved to another
 * Customer's key, or a wrapped key to another row, opens for nobody.
 */
import { createCipheriv, createDecipheriv, type KeyObject } from "node:crypto";
import { SealBrokenError } from "./keyring-errors.ts";

export const KEY_BYTES = 32;
export const IV_BYTES = 12;
export const TAG_BYTES = 16;

// Key objects, for bare bytes as a key cost Node 24 three times the cipher itself (it asks by exceptions whether
// they are a key object). Made once by whoever keeps the key: that takes as long as sealing a number.

/** Iv, ciphertext and tag in one. `iv` must never be used twice with the same key. */
export function encrypt(key: KeyObject, iv: Uint8Array, plain: Uint8Array, belongsTo: string): Buffer {
  const cipher = createCipheriv("aes-256-gcm", key, iv);
  cipher.setAAD(Buffer.from(belongsTo, "utf8"));
  return Buffer.concat([iv, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

/** Throws `SealBrokenError` unless every bit and `belongsTo` are as they were. */
export function decrypt(key: KeyObject, box: Uint8Array, belongsTo: string): Buffer {
  if (box.length < IV_BYTES + TAG_BYTES) throw new SealBrokenError("keyring: too short to be a sealed text");
  const decipher = createDecipheriv("aes-256-gcm", key, box.subarray(0, IV_BYTES), {
    authTagLength: TAG_BYTES,
  });
  decipher.setAAD(Buffer.from(belongsTo, "utf8")).setAuthTag(box.subarray(box.length - TAG_BYTES));
  try {
    return Buffer.concat([decipher.update(box.subarray(IV_BYTES, box.length - TAG_BYTES)), decipher.final()]);
  } catch (cause) {
    throw new SealBrokenError("keyring: a sealed text or key was changed, or belongs elsewhere", { cause });
  }
}
