/**
 * `Reveille-HMAC-SHA256`: the message digest by which a Sender proves who it is and that nobody changed what it
 * asked (H05, B07, B08). Signed are seven lines joined by LF, without one at the end: the scheme, the key id,
 * the time, the unique id, the method, the path with its query as sent, and the digest of the body in the
 * notation of RFC 9530. The secret itself never travels.
 */
import type { Digests } from "../ports/digests.ts";

export const SIGNATURE_SCHEME = "Reveille-HMAC-SHA256";

/** How far the Sender's clock and ours may differ, either way. Mail queues and greylisting take their time. */
export const SIGNATURE_WINDOW_SECONDS = { http: 300, email: 3_600 } as const;

export type SignedParts = {
  readonly keyId: string;
  /** Unix seconds as the Sender wrote them. */
  readonly created: string;
  readonly id: string;
  /** "MAIL" for a mail. */
  readonly method: string;
  /** "/" for a mail. */
  readonly path: string;
  /** The very bytes received. */
  readonly body: Uint8Array;
};

export function signedText(parts: SignedParts, digests: Digests): string {
  const { keyId, created, id, method, path, body } = parts;
  const bodyDigest = `sha-256=:${encodeBase64(digests.sha256(body))}:`;
  return [SIGNATURE_SCHEME, keyId, created, id, method, path, bodyDigest].join("\n");
}

/** The 32 bytes that the Sender should have sent. `secret` is taken as its UTF-8 bytes. */
export function signatureOf(parts: SignedParts, secret: string, digests: Digests): Uint8Array {
  const utf8 = new TextEncoder();
  return digests.hmacSha256(utf8.encode(secret), utf8.encode(signedText(parts, digests)));
}

/** The value of `Authorization` (or of `Reveille-Authorization` in a mail) for a message of ours. */
export function signatureHeader(parts: SignedParts, secret: string, digests: Digests): string {
  const signature = encodeBase64(signatureOf(parts, secret, digests));
  return `${SIGNATURE_SCHEME} keyId="${parts.keyId}", created=${parts.created}, id="${parts.id}", signature="${signature}"`;
}

const SIGNATURE = /^[A-Za-z0-9+/]{43}=$/;

/** The 32 bytes of a signature; null for anything that is not exactly that in base 64. */
export function parseSignature(text: string): Uint8Array | null {
  if (!SIGNATURE.test(text)) return null;
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

const CREATED = /^[1-9][0-9]{8,10}$/;

/** Unix seconds; null for anything but plain digits. */
export function parseCreated(text: string): number | null {
  return CREATED.test(text) ? Number(text) : null;
}

function encodeBase64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes));
}
