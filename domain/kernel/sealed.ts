import type { Brand } from "./brand.ts";

/**
 * Personal data as it stands in an event: `<key id>.<base64url of iv, ciphertext and tag>`, AES-256-GCM under
 * the data key of one Customer and month. Only the keyring makes and opens one; after erasure nobody can.
 */
export type Sealed = Brand<string, "Sealed">;

const SEALED = /^[A-Za-z0-9_-]{1,64}\.[A-Za-z0-9_-]+$/;

export function parseSealed(text: string): Sealed | null {
  return SEALED.test(text) ? (text as Sealed) : null;
}
