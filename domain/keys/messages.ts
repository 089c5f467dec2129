/** The data keys of personal data, on the compacted `keys` topic: a tombstone of a key erases what it sealed. */
import { HOUR_MS, type Instant } from "../kernel/time.ts";

/** How long the log may take, after a tombstone, before it lets the key's bytes go. */
export const KEYS_COMPACTED_WITHIN_MS = HOUR_MS;

/** A data key, wrapped by the master key. A subject may have several of one month, made by different processes. */
export type KeyMinted = {
  readonly type: "KeyMinted";
  /** A Customer's pseudonym, or an account such as "sender:acme". */
  readonly subject: string;
  /** UTC, e.g. "2026-11". */
  readonly month: string;
  /** As in the texts sealed under it: 16 random bytes in base64url. */
  readonly keyId: string;
  /** Base64url of iv, ciphertext and tag. */
  readonly wrapped: string;
  readonly at: Instant;
};

/** Which master key this house began with: the first such record in the log counts, whatever comes later. */
type KeyringFounded = {
  readonly type: "KeyringFounded";
  /** Tells master keys apart and nothing about them. */
  readonly fingerprint: string;
  readonly at: Instant;
};

export type KeyMessage = KeyMinted | KeyringFounded;

/** Keys of `keys` records. The key's id is part of it, so that two processes may make keys at once and keep both. */
export function keyRecordKey({
  subject,
  month,
  keyId,
}: Pick<KeyMinted, "subject" | "month" | "keyId">): string {
  return `${subject}|${month}|${keyId}`;
}

/** The id of the key that a record of `keys` is about; null for a record that is about none. */
export function keyIdOfRecord(recordKey: string): string | null {
  const [, month, keyId] = recordKey.split("|");
  return month === undefined || keyId === undefined ? null : keyId;
}

export function foundedRecordKey(fingerprint: string): string {
  return `founded|${fingerprint}`;
}
