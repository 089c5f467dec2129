/**
 * A Request as the Sender wrote it: the wire form, in clear, parsed and limited but not yet judged. One parser
 * serves HTTP and email (B15); it refuses what it does not know by name, so that a typing error is never a
 * silently ignored limit.
 */
import type { PhoneNumber } from "../kernel/phone-number.ts";
import type { Instant, Milliseconds } from "../kernel/time.ts";
import type { Bulkiness, DailyWindow, Purpose, Resource, ServiceLevel } from "./terms.ts";

export type RequestDraft = {
  readonly to: PhoneNumber;
  readonly from: PhoneNumber | null;
  readonly document:
    | { readonly kind: "url"; readonly url: string }
    | { readonly kind: "inline"; readonly text: string };
  readonly ringTimeoutMs: Milliseconds;
  readonly maxSessionMs: Milliseconds;
  readonly notBefore: Instant | null;
  /** Null: the service's default deadline. */
  readonly notAfter: Instant | null;
  readonly window: DailyWindow | null;
  readonly serviceLevel: ServiceLevel | null;
  readonly bulkiness: Bulkiness | null;
  readonly rank: number;
  readonly purpose: Purpose;
  readonly onLost: "stop" | "retry";
  readonly maxAttempts: number;
  readonly resources: readonly Resource[];
  readonly userData: string | null;
  readonly notify: readonly string[];
};

export type DraftError = {
  /** JSON pointer (RFC 6901) to the offending place. */
  readonly pointer: string;
  /** What was expected, what was found, in a sentence. Never echoes a phone number. */
  readonly message: string;
  /** Stable, e.g. "number.malformed", "field.unknown", "field.missing", "field.type", "field.range". */
  readonly code: string;
};
