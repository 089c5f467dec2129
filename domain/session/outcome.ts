/**
 * What became of a call, as one taxonomy. Evidence is kept beside it (SIP status, Q.850 cause, alerting), so
 * that nothing is collapsed for good; most complaints about other systems are about one word for many outcomes.
 */
import { assertNever } from "../kernel/assert-never.ts";
import type { CallEnding } from "../ports/telephony.ts";

export type CallOutcome =
  | "completed"
  | "machine"
  | "answered-unknown"
  | "session-failed"
  | "no-answer"
  | "busy"
  | "declined"
  | "unwanted"
  | "unreachable"
  | "invalid-number"
  | "blocked"
  | "trunk-failed"
  | "throttled"
  | "media-failed"
  | "cancelled"
  | "too-late";

/** What the dialog made of an answered call; null when nobody answered. */
export type DialogVerdict = "ok" | "hangup" | "error" | null;

/** Ends that came before the answer and from our side. */
function localOutcome(ending: CallEnding): CallOutcome | null {
  switch (ending.localCause) {
    case "ring-timeout":
      return "no-answer";
    case "setup-timeout":
      return ending.alerted ? "no-answer" : "unreachable";
    // Silence is not proof that nothing rang, but nobody answered: the trunk is to blame, and the log says how.
    case "no-response":
    case "transport-failed":
      return "trunk-failed";
    case "media-not-agreed":
      return "media-failed";
    case "redirect-refused":
      return "blocked";
    case "hung-up":
      return "cancelled";
    case "too-late":
      return "too-late";
    case "media-timeout":
    case "session-limit":
    case null:
      return null;
    default:
      return assertNever(ending.localCause);
  }
}

/** No telephone is looked for, found busy and told so in less. */
const AT_ONCE_MS = 1_000;
const REFUSED_AT_ONCE: readonly number[] = [480, 486];

/** The trunk has no room, or wants fewer calls a second: it says when to come again, or is known by its haste. */
function isThrottled({ sipCode, retryAfterSeconds = null, ...ending }: CallEnding): boolean {
  if (sipCode === 503) return retryAfterSeconds !== null;
  if (ending.trunkRefusesAtOnce !== true || ending.alerted || ending.invitedAt === null) return false;
  const isHasty = ending.endedAt - ending.invitedAt < AT_ONCE_MS;
  return isHasty && sipCode !== null && REFUSED_AT_ONCE.includes(sipCode);
}

const INVALID_NUMBER_CAUSES: readonly number[] = [1, 22, 28];
const UNREACHABLE_CAUSES: readonly number[] = [18, 20, 27, 31];
const BLOCKED_CAUSES: readonly number[] = [21, 55, 57];
const TRUNK_CAUSES: readonly number[] = [34, 38, 41, 42, 47];

/**
 * The Reason header refines the statuses that gateways use for several causes (RFC 3398 7.2.4.1 maps 19, 20 and
 * 31 all to 480). A status that already says it all (486, 603 …) is not overruled.
 */
function outcomeOfCause(q850: number, alerted: boolean): CallOutcome | null {
  if (q850 === 17) return "busy";
  if (q850 === 19) return "no-answer";
  if (UNREACHABLE_CAUSES.includes(q850)) return alerted ? "no-answer" : "unreachable";
  if (INVALID_NUMBER_CAUSES.includes(q850)) return "invalid-number";
  if (q850 === 21 && alerted) return "declined";
  if (BLOCKED_CAUSES.includes(q850)) return "blocked";
  if (TRUNK_CAUSES.includes(q850)) return "trunk-failed";
  return null;
}

const BY_STATUS: ReadonlyMap<number, CallOutcome> = new Map<number, CallOutcome>([
  [404, "invalid-number"],
  [410, "invalid-number"],
  [484, "invalid-number"],
  [485, "invalid-number"],
  [604, "invalid-number"],
  [486, "busy"],
  [600, "busy"],
  [603, "declined"],
  [607, "unwanted"],
  [608, "blocked"],
  [401, "blocked"],
  [407, "blocked"],
  [415, "media-failed"],
  [488, "media-failed"],
  [606, "media-failed"],
]);

const AMBIGUOUS_STATUS: readonly number[] = [403, 408, 480, 487];

/** Evidence to outcome for a call that was not answered. Every status from 300 to 699 has exactly one. */
function unansweredOutcome(ending: CallEnding): CallOutcome {
  const local = localOutcome(ending);
  if (local !== null) return local;
  const { sipCode, q850, alerted } = ending;
  if (sipCode === null) return "trunk-failed";
  if (isThrottled(ending)) return "throttled";
  const plain = BY_STATUS.get(sipCode);
  if (plain !== undefined) return plain;
  const refined = q850 === null ? null : outcomeOfCause(q850, alerted);
  if (refined !== null) return refined;
  if (AMBIGUOUS_STATUS.includes(sipCode)) {
    if (sipCode === 403) return "blocked";
    return alerted ? "no-answer" : "unreachable";
  }
  if (sipCode < 400) return "blocked";
  if (sipCode < 500) return alerted ? "no-answer" : "unreachable";
  if (sipCode < 600) return "trunk-failed";
  return "declined";
}

/** What became of a call. `dialog` is null when nobody answered. */
export function outcomeOf(ending: CallEnding, dialog: DialogVerdict): CallOutcome {
  if (ending.answeredAt === null) return unansweredOutcome(ending);
  if (ending.localCause === "media-timeout" || ending.localCause === "media-not-agreed")
    return "media-failed";
  return dialog === "error" ? "session-failed" : "completed";
}

/** Whether the call counts against the Request's attempts: refusals of the network's own making do not. */
export function usesAttempt(outcome: CallOutcome): boolean {
  return (
    outcome !== "trunk-failed" && outcome !== "throttled" && outcome !== "cancelled" && outcome !== "too-late"
  );
}
