import type { Instant } from "../kernel/time.ts";

type CheckName =
  | "number.form"
  | "number.emergency"
  | "sender.standing"
  | "resources.required"
  | "hours.receiver"
  | "hours.customer"
  | "hours.sender"
  | "hours.request"
  | "volume.customer"
  | "customer.in-call"
  | "deadline";

/** Stable, documented, never reused for another meaning. */
export type ReasonCode =
  | "number.malformed"
  | "number.invalid"
  | "number.premium"
  | "number.shared-cost"
  | "number.unknown-type"
  | "number.country-closed"
  | "number.high-risk"
  | "number.emergency"
  | "number.protected"
  | "sender.unknown"
  | "sender.suspended"
  | "resource.missing"
  | "resource.mismatch"
  | "hours.closed"
  | "hours.never-open"
  | "hours.conflict"
  | "zone.unknown"
  | "volume.customer"
  | "customer.in-call"
  | "deadline.passed"
  | "personal-data.erased";

/** What one check says, kept whatever it says: `explain` shows all of them, in order. */
export type Verdict = {
  readonly check: CheckName;
  readonly setBy: "law" | "receiver" | "customer" | "sender";
  /** Rule and version, e.g. "default@2026-11#hours". */
  readonly rule: string;
  readonly says: "allow" | "wait" | "refuse";
  readonly reason: ReasonCode | null;
  /** Earliest instant at which the answer may change; null: never, or not known. */
  readonly until: Instant | null;
  /** What was looked at. No secrets, no full number. */
  readonly facts: Readonly<Record<string, string>>;
};
