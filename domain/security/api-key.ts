/**
 * API keys: `rvl_<key id>_<secret>` in base64url. Ours have 32 random bytes; those that an operator brings along may be
 * shorter, as administration allows. Only their SHA-256 is stored.
 */
import { toHex } from "../kernel/hex.ts";
import type { Digests } from "../ports/digests.ts";

const API_KEY = /^rvl_([A-Za-z0-9-]{1,64})_[A-Za-z0-9_-]{16,128}$/;

/** The key id in an API key; null where the text is none. */
export function keyIdOfApiKey(token: string): string | null {
  return API_KEY.exec(token)?.[1] ?? null;
}

/** What is stored as `Credential.sha256`: of the whole key as the Sender sends it. */
export function apiKeyDigest(token: string, digests: Digests): Uint8Array {
  return digests.sha256(new TextEncoder().encode(token));
}

/** A new API key from 32 random bytes, to be shown once; and what to store of it. */
export function mintApiKey(
  keyId: string,
  random: Uint8Array,
  digests: Digests,
): { readonly token: string; readonly sha256: string } {
  const secret = btoa(String.fromCharCode(...random))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
  const token = `rvl_${keyId}_${secret}`;
  if (keyIdOfApiKey(token) !== keyId || random.byteLength !== 32) {
    throw new Error(
      "api key: the key id needs 1 to 64 letters, digits or hyphens, the secret exactly 32 bytes",
    );
  }
  return { token, sha256: toHex(apiKeyDigest(token, digests)) };
}

/** The 32 bytes written in hexadecimal; null where the text is not that. */
export function parseSha256(hex: string): Uint8Array | null {
  if (!/^[0-9a-f]{64}$/.test(hex)) return null;
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}
