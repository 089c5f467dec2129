import type { CustomerKey } from "../kernel/identifiers.ts";
import type { PhoneNumber } from "../kernel/phone-number.ts";
import type { Sealed } from "../kernel/sealed.ts";
import type { Instant } from "../kernel/time.ts";

/**
 * Pseudonyms and the data keys of personal data. A key belongs to one subject (a Customer, or an account such
 * as "sender:acme") and one month; dropping it erases everything sealed under it, in every copy of the log.
 *
 * Any process may make a key, so a text may arrive before the news of the key that it was sealed under. `open`
 * tells the two apart that look alike: a key that is still on its way, and one that is gone.
 */
export interface Keyring {
  /** First 16 bytes of HMAC-SHA-256(tenant key, number) in hexadecimal. */
  pseudonym(number: PhoneNumber): CustomerKey;
  /** Encrypts under the subject's key of that month, making and storing it durably first where there is none. Throws `KeyringUnavailableError`. */
  seal(subject: string, at: Instant, plaintext: string): Promise<Sealed>;
  /**
   * As `seal`, for a text that leaves this process only in records appended to the log afterwards: a new key is
   * in the log ahead of them, though perhaps not on the disk before them. Throws `KeyringUnavailableError`.
   */
  sealForLog(subject: string, at: Instant, plaintext: string): Promise<Sealed>;
  /**
   * Null when the key is gone (erased) or never was. Throws `KeyringUnavailableError` where that can't be found
   * out now, and when the text was tampered with.
   */
  open(sealed: Sealed): Promise<string | null>;
  /** As `open`, by what is known here now: for whoever can't wait and has awaited `arrived`. */
  openNow(sealed: Sealed): string | null;
  /** Resolves when the key of each text is known here, or known to be gone. Throws `KeyringUnavailableError`. */
  arrived(texts: Iterable<Sealed>): Promise<void>;
  /** Drops every key of a subject that was stored before the call. Answers how many there were. */
  erase(subject: string): Promise<number>;
  close(): Promise<void>;
}

/** No key can be made, kept or looked up now (full disk, no log): nothing was sealed. Trying again can help. */
export class KeyringUnavailableError extends Error {
  readonly retryable = true;
  override readonly name = "KeyringUnavailableError";
}
