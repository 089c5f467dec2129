/** Runs a dialog (VoiceXML today, other languages behind the same door: K08) over an answered call. */
import type { RequestId, SenderId } from "../kernel/identifiers.ts";
import type { Instant, Milliseconds } from "../kernel/time.ts";
import type { CallLeg } from "./telephony.ts";

export type DialogOrder = {
  readonly document:
    | { readonly kind: "url"; readonly url: string }
    | { readonly kind: "inline"; readonly text: string };
  /** Null for an incoming call that belongs to no Request. */
  readonly request: RequestId | null;
  readonly sender: SenderId | null;
  readonly attempt: number;
  /** As `session.reveille.userData`; null when the Sender gave none. */
  readonly userData: string | null;
  readonly connection: {
    readonly localUri: string;
    readonly remoteUri: string;
    readonly originator: "local" | "remote";
  };
};

export type DialogStep =
  | { readonly type: "started"; readonly at: Instant; readonly documentUrl: string }
  /** `value` is what the Customer keyed or said: personal, to be sealed by whoever stores it. */
  | {
      readonly type: "input";
      readonly at: Instant;
      readonly field: string;
      readonly mode: "dtmf" | "voice";
      readonly value: string;
    }
  | { readonly type: "no-input"; readonly at: Instant }
  | { readonly type: "no-match"; readonly at: Instant }
  | { readonly type: "submitted"; readonly at: Instant; readonly url: string; readonly status: number }
  | { readonly type: "transfer"; readonly at: Instant; readonly destination: string }
  /** What was spoken, for trials and the demo; personal. */
  | { readonly type: "prompt"; readonly at: Instant; readonly text: string }
  | { readonly type: "log"; readonly at: Instant; readonly label: string; readonly text: string };

export type DialogResult = {
  /** "ok" also when the Customer heard everything and the document just ended. */
  readonly result: "ok" | "hangup" | "error";
  /** The `<exit>` value as JSON, at most 64 KB; personal. Null when there was none. */
  readonly exit: string | null;
  /** Event name that ended it, e.g. "error.badfetch.http.404"; null otherwise. */
  readonly event: string | null;
  /** The dialog wants the call ended (`<disconnect>`, `<exit>`, end of document). */
  readonly inputs: number;
  readonly noInputs: number;
  readonly noMatches: number;
  /** Answer to the first sound of the first prompt; null when nothing was played. */
  readonly firstPromptMs: Milliseconds | null;
  /** Answer to the last accepted input; 0 without one. */
  readonly participatedMs: Milliseconds;
};

export interface DialogRunner {
  /** Workers up and warm. */
  start(): Promise<void>;
  /** Never rejects for what a document does. `signal` ends it as a hang-up would. */
  run(
    order: DialogOrder,
    leg: CallLeg,
    onStep: (step: DialogStep) => void,
    signal: AbortSignal,
  ): Promise<DialogResult>;
  stop(): Promise<void>;
}
