import type { Instant } from "../kernel/time.ts";

/**
 * The changelog of a dispatcher task: what is open, one record per Request or Customer, the newest wins.
 * `snapshot` is the task's own JSON; nobody else reads it, and personal data in it is sealed.
 */
export type StateMessage =
  | {
      readonly type: "RequestState";
      /** Sequence of the last event folded into the snapshot. */
      readonly seq: number;
      /** Highest offset of `requests` handled when it was written; null when a timer was the cause. */
      readonly handledUpTo: number | null;
      readonly snapshot: string;
    }
  | { readonly type: "CustomerState"; readonly handledUpTo: number | null; readonly snapshot: string }
  /**
   * Key "checkpoint", written with each commit: every event up to this offset was committed before it. A restore
   * reads the events after it, a few that it knows already included, and folds in what the snapshots lack.
   */
  | { readonly type: "Checkpoint"; readonly eventsUpTo: number }
  /** Key "cause/<n>", in turn: a record that is told again by its id alone, not to be handled twice. */
  | { readonly type: "CauseHandled"; readonly causeId: string }
  /** The first record of every owner, key "owner": where a restore ends. */
  | { readonly type: "OwnershipTaken"; readonly owner: string; readonly epoch: number; readonly at: Instant };

/** Null where the text is no JSON, or no object. */
export function parseSnapshot(text: string): object | null {
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === "object" ? parsed : null;
  } catch {
    return null;
  }
}
