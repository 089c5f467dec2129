/**
 * What really happened, kept beside the system: the INVITEs that left, the calls that came in, how long each
 * lasted, and who could not be heard when. The product never reads this; the invariants compare its log with it.
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
  answeredAt: number | null;
  endedAt: number | null;
  /** It ended with its server's run: nobody measured it to its end. */
  cutOff?: true;
};

/** Offers and grants as a server got them, for the rule of epochs (I15). */
type TrueGrant = { readonly offer: OfferId; readonly server: string; readonly stale: boolean };

export type CallTruth = {
  readonly calls: TrueCall[];
  readonly grants: TrueGrant[];
  /** Calls of a time that the log was put back behind: it can't know them. */
  readonly forgotten: TrueCall[];
  /** Calls that the old copy knows to have been granted, and not what became of them. */
  readonly unknowable: Set<OfferId>;
  /** Periods in which a process could not be heard, or could not hear; `ended`: because its run was over. */
  readonly silences: {
    readonly process: string;
    readonly from: number;
    until: number;
    readonly ended: boolean;
  }[];
  /** Periods in which nobody could use the log, or the topic. */
  readonly outages: { readonly topic: "load" | null; readonly from: number; readonly until: number }[];
};

export function createCallTruth(): CallTruth {
  return { calls: [], grants: [], forgotten: [], unknowable: new Set(), silences: [], outages: [] };
}

export function liveCalls(truth: Pick<CallTruth, "calls">): readonly TrueCall[] {
  return truth.calls.filter(({ endedAt }) => endedAt === null);
}
