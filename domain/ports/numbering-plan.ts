import type { PhoneNumber } from "../kernel/phone-number.ts";

export type NumberType =
  | "fixed-line"
  | "mobile"
  | "fixed-line-or-mobile"
  | "toll-free"
  | "premium-rate"
  | "shared-cost"
  | "voip"
  | "personal"
  | "pager"
  | "uan"
  | "voicemail"
  | "satellite"
  | "unknown";

/** What the world's numbering plans say of a number: facts for the policy checks, no verdicts. */
export type NumberFacts = {
  /** ISO 3166-1 alpha-2, or null where the plan gives none ("+870…"). The library's country, not the calling code's. */
  readonly country: string | null;
  readonly valid: boolean;
  readonly type: NumberType;
  /** IANA zones by longest prefix; several where the prefix spans them, empty when unknown. */
  readonly zones: readonly string[];
  /** Calling code and area, digits without plus: the billing prefix. */
  readonly prefix: string;
  /** The form in which a call to it would reach an emergency or protected line; null when it would not. */
  readonly emergency: string | null;
  /** What that line is: a service that saves lives, or one that people in need must find free. Absent: the former. */
  readonly emergencyKind?: "emergency" | "protected";
  /** Version of the tables, kept with each verdict. */
  readonly tableVersion: string;
};

export interface NumberingPlan {
  /**
   * `dialled` is what the trunk would put on the wire after its rewriting and `trunkCountry` where it does so:
   * "+911…" is Delhi, but sent without its plus sign through a United States trunk it begins with 911.
   */
  describe(
    number: PhoneNumber,
    dialling: { readonly dialled: string; readonly trunkCountry: string },
  ): NumberFacts;
}
