import type { CustomerKey, RequestId } from "../../domain/kernel/identifiers.ts";
import type { Instant } from "../../domain/kernel/time.ts";
import type { LostPhase } from "../../domain/session/call-step.ts";

/**
 * What a telephony server keeps of a granted call (I11). "open" from the grant until its outcome is in the log;
 * "done" a while longer, so that a grant delivered twice never calls twice, even across a restart.
 */
export type JournalRecord =
  | {
      readonly state: "open";
      readonly requestId: RequestId;
      readonly customer: CustomerKey;
      readonly phase: LostPhase;
      /** Highest fact number that may have been reported. */
      readonly factSeq: number;
      readonly at: Instant;
    }
  | { readonly state: "done"; readonly at: Instant }
  /** Somebody called in, from before the log hears of it until its end is in the log: a line must not stay taken. */
  | {
      readonly state: "inbound";
      readonly inboundId: string;
      readonly customer: CustomerKey;
      readonly port: number;
      readonly startedAt: Instant;
    }
  /** How far into each partition of `offers` everything is past: partition and offset. */
  | { readonly state: "read"; readonly upTo: readonly (readonly [number, number])[] };

const STATES: readonly unknown[] = ["open", "done", "inbound", "read"] satisfies JournalRecord["state"][];

/** Reads what `JSON.stringify` wrote; null for anything else. */
export function parseJournalRecord(body: string): JournalRecord | null {
  try {
    const value: unknown = JSON.parse(body);
    if (typeof value !== "object" || value === null || !("state" in value)) return null;
    return STATES.includes(value.state) ? (value as JournalRecord) : null;
  } catch {
    return null;
  }
}
