import type { Sealed } from "../kernel/sealed.ts";
import type { Instant, Milliseconds } from "../kernel/time.ts";
import type { CallOutcome } from "./outcome.ts";

/**
 * The steps of a call, the same whether a server reports them (`requests`) or the owner has put them in order
 * (`events`): a fact becomes an event when it gets its place.
 */
export type CallStep =
  | { readonly type: "CallPlaced"; readonly at: Instant; readonly sipCallId: string; readonly trunk: string }
  | {
      readonly type: "CallRinging";
      readonly at: Instant;
      readonly sipCode: number;
      readonly earlyMedia: boolean;
    }
  | { readonly type: "CallAnswered"; readonly at: Instant; readonly answeredBy: AnsweredBy }
  | { readonly type: "SessionStarted"; readonly at: Instant; readonly documentUrl: string }
  | {
      readonly type: "InputCollected";
      readonly at: Instant;
      readonly field: string;
      readonly mode: "dtmf" | "voice";
      readonly value: Sealed;
    }
  | { readonly type: "TransferStarted"; readonly at: Instant; readonly destination: Sealed }
  | { readonly type: "DataSubmitted"; readonly at: Instant; readonly url: string; readonly status: number }
  | CallCompleted
  | CallLost;

export type AnsweredBy = "unknown" | "human" | "machine" | "fax";

/** The end of a call that its server saw through. Zero means "did not happen" for times and durations. */
export type CallCompleted = {
  readonly type: "CallCompleted";
  readonly at: Instant;
  readonly outcome: CallOutcome;
  readonly endedBy: "customer" | "us" | "network";
  readonly localCause: string | null;
  readonly sipCode: number | null;
  readonly q850: number | null;
  readonly alerted: boolean;
  readonly earlyMedia: boolean;
  readonly invitedAt: Instant | null;
  readonly ringingAt: Instant | null;
  readonly answeredAt: Instant | null;
  readonly portSeizedAt: Instant;
  readonly portReleasedAt: Instant;
  readonly talkMs: Milliseconds;
  /** What the dialog said: "ok", "hangup", "error", or null when nobody answered. */
  readonly dialogResult: "ok" | "hangup" | "error" | null;
  readonly dialogEvent: string | null;
  readonly exit: Sealed | null;
  readonly inputs: number;
  readonly noInputs: number;
  readonly noMatches: number;
  readonly firstPromptMs: Milliseconds | null;
  readonly participatedMs: Milliseconds;
  readonly rtpReceived: number;
  readonly rtpConcealed: number;
  readonly jitterMs: number;
};

/** How far a call had come when it was lost. Before "invited" nobody's telephone can have rung. */
export type LostPhase = "granted" | "invited" | "answered";

/** Nobody saw the end of it. */
export type CallLost = {
  readonly type: "CallLost";
  readonly at: Instant;
  readonly phase: LostPhase;
  /**
   * Journal at restart, a grant for a hold that was gone or a number that can't be opened now, a server declared
   * gone, or silence past every limit.
   */
  readonly how: "journal" | "hold-gone" | "server-gone" | "silence";
};
