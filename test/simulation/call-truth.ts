/**
 * What really happened on the telephone network, kept beside the system: the INVITEs that left, the calls that
 * came in, and how long each lasted. The product never reads this; the invariants compare its log with it.
 */
import type { OfferId, RequestId } from "../../domain/kernel/identifiers.ts";
import type { Incarnation } from "./incarnation.ts";

export type TrueCall = {
  /** Null: somebody called in. */
  readonly offer: OfferId | null;
  readonly request: RequestId | null;
  readonly server: string;
  readonly life: Incarnation;
  readonly number: string | null;
  readonly beganAt: number;
  endedAt: number | null;
};

/** Offers and grants as a server got them, for the rule of epochs (I15). */
type TrueGrant = { readonly offer: OfferId; readonly server: string; readonly stale: boolean };

export type CallTruth = {
  readonly calls: TrueCall[];
  readonly grants: TrueGrant[];
  /** Periods in which a server could not be heard, whatever it did. */
  readonly silences: { readonly server: string; readonly from: number; until: number }[];
};

export function createCallTruth(): CallTruth {
  return { calls: [], grants: [], silences: [] };
}

export function liveCalls(truth: CallTruth): readonly TrueCall[] {
  return truth.calls.filter(({ endedAt }) => endedAt === null);
}
