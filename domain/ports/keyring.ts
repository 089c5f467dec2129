import type { CustomerKey } from "../kernel/identifiers.ts";
import type { PhoneNumber } from "../kernel/phone-number.ts";
import type { Sealed } from "../kernel/sealed.ts";
import type { Instant } from "../kernel/time.ts";

/**
 * Pseudonyms and the data keys of personal data. A key belongs to one subject (a Customer, or an account such
 * as "sender:acme") and one month; dropping it erases everything sealed under it, in every copy of the log.
 */
export interface Keyring {
  /** First 16 bytes of HMAC-SHA-256(tenant key, number) in hexadecimal. */
  pseudonym(number: PhoneNumber): CustomerKey;
  /** Encrypts under the subject's key of that month, making and storing it durably first where there is none. Throws `KeyringUnavailableError`. */
  seal(subject: string, at: Instant, plaintext: string): Promise<Sealed>;
  /** Null when the key is gone (erased) or was never known here; throws when the text was tampered with. */
  open(sealed: Sealed): string | null;
  /** Drops every key of a subject. Answers how many there were. */
  erase(subject: string): Promise<number>;
  close(): Promise<void>;
}

/** No key can be made or kept now (full disk, lock): nothing was sealed. Trying again can help. */
export class KeyringUnavailableError extends Error {
  readonly retryable = true;
  override readonly name = "KeyringUnavailableError";
}
