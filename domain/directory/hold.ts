/**
 * A hold: Requests are taken, and nobody is called, until an operator has decided. It is declared by a process that
 * remembers more of the log than the log itself holds: an old copy was restored, and what was called since then
 * would be called again. One record for the whole installation (key "hold" of `directory`); the newest is in force.
 */
import type { RequestId } from "../kernel/identifiers.ts";
import type { Instant } from "../kernel/time.ts";
import type { RequestEvent } from "../request/events.ts";
import type { RequestState } from "../request/state.ts";

export const HOLD_KEY = "hold";

export type HoldDeclared = {
  readonly type: "HoldDeclared";
  readonly at: Instant;
  /** Who remembers, e.g. "telephony/telephony-1"; or who asked for it. */
  readonly by: string;
  /** What it remembers and the log does not have; no personal data. */
  readonly reason: string;
};

/**
 * What is to become of the Requests that were received before the hold and are not over: called, perhaps a second
 * time, or ended as unknown.
 */
export type HoldChoice = "accept-repeat" | "mark-unknown";

type HoldLifted = {
  readonly type: "HoldLifted";
  readonly at: Instant;
  /** When the hold was declared: later Requests go their ordinary way. */
  readonly heldSince: Instant;
  readonly choice: HoldChoice;
};

export type Hold = HoldDeclared | HoldLifted;

export function isHeld(hold: Hold | null): hold is HoldDeclared {
  return hold?.type === "HoldDeclared";
}

/** The end of a Request of which nobody knows whether its Customer was called; none where it is over or newer. */
export function endsUnknown(hold: Hold | null, state: RequestState, now: Instant): readonly RequestEvent[] {
  if (hold?.type !== "HoldLifted" || hold.choice !== "mark-unknown") return [];
  if (state.phase === "none" || state.phase === "over" || state.receivedAt > hold.heldSince) return [];
  return [{ type: "RequestFailed", at: now, attempts: state.calls, outcome: "unknown" }];
}

/** A Request that waits for the operator, for a list. */
export type HeldRequest = {
  readonly request: RequestId;
  readonly status: string;
  readonly receivedAt: Instant;
};
