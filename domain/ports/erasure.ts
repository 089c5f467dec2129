import type { CustomerKey, RequestId } from "../kernel/identifiers.ts";
import type { PhoneNumber } from "../kernel/phone-number.ts";

/** What became of an erasure. */
export type Erased = {
  readonly customer: CustomerKey;
  /** Data keys that were dropped; 0: nothing of this Customer could be read. */
  readonly keys: number;
  /** Open Requests that were taken back. */
  readonly takenBack: readonly RequestId[];
  /** Of these, those whose call has not been reported as ended yet: its last facts may have made a new key. */
  readonly stillCalling: readonly RequestId[];
  /** False: no dispatcher has answered yet. The keys are dropped all the same; it will take back what is open. */
  readonly isConfirmed: boolean;
};

/** Driving port: forget a Customer. */
export interface Erasure {
  /**
   * By number, or by pseudonym: after an older log was restored, its erasures are done again from a list of those.
   * Safe to repeat. What it answers has happened durably. Throws `KeyringUnavailableError` and
   * `LogUnavailableError`, having done nothing, or only dropped keys: ask again.
   */
  erase(who: PhoneNumber | CustomerKey): Promise<Erased>;
}
