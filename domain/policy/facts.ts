/** What the checks look at: gathered by whoever asks, so that the checks themselves stay pure. */
import type { CustomerPreferencesSet, SenderRegistered } from "../directory/messages.ts";
import type { PhoneNumber } from "../kernel/phone-number.ts";
import type { Instant } from "../kernel/time.ts";
import type { NumberFacts } from "../ports/numbering-plan.ts";
import type { RequestTerms } from "../request/terms.ts";

/** A number that somebody wants dialled: a Request's, or the target of a transfer. */
export type NumberToDial = {
  /** Opened from `terms.to`; null when its key was erased. */
  readonly number: PhoneNumber | null;
  /** What the numbering plan says of it; null when there is no number, or none that a plan could describe. */
  readonly numberFacts: NumberFacts | null;
};

export type RequestFacts = NumberToDial & {
  readonly terms: RequestTerms;
  /** SHA-256 in hexadecimal of what came attached, by name, where the gateway measured it. */
  readonly attachedSha256?: ReadonlyMap<string, string>;
};

export type KnownFacts = {
  readonly sender: SenderRegistered | null;
  readonly customer: CustomerPreferencesSet | null;
  /** When calls to this Customer were placed, whoever asked for them; in any order. */
  readonly recentCalls: readonly Instant[];
  /** Another call with this Customer is up or on its way, in either direction. */
  readonly inCall: boolean;
};
