import type { RequestId } from "../kernel/identifiers.ts";
import type { RequestDraft } from "../request/draft.ts";
import type { RequestEvent } from "../request/events.ts";
import type { Channel } from "../request/terms.ts";
import type { Durable } from "./durable.ts";
import type { Authenticated } from "./gatekeeper.ts";

export type Submission = {
  readonly who: Authenticated;
  readonly channel: Channel;
  readonly draft: RequestDraft;
  /** Names of files that came attached (F01). */
  readonly attached: readonly string[];
  /** Required unless the message carries a signed id, which then is the key. */
  readonly idempotencyKey: string | null;
  /** SHA-256 of the body in hexadecimal: the same key with another body is refused. */
  readonly bodySha256: string;
};

export type SubmitAnswer =
  | {
      readonly ok: true;
      readonly requestId: RequestId;
      /** Nothing is answered without it. */
      readonly durable: Durable;
      /** The same Request had been taken before. */
      readonly replayed: boolean;
      /** What the dispatcher decided, if it did so within the wait; null: pending. */
      readonly decided: RequestEvent | null;
    }
  | { readonly ok: false; readonly reason: "idempotency-key-missing" | "idempotency-key-reused" }
  /** The log cannot take it now; nothing was stored. */
  | { readonly ok: false; readonly reason: "unavailable"; readonly retryAfterSeconds: number };

export type CancelAnswer =
  | { readonly ok: true; readonly durable: Durable }
  | { readonly ok: false; readonly reason: "not-found" | "too-late" | "over" }
  | { readonly ok: false; readonly reason: "unavailable"; readonly retryAfterSeconds: number };

/** Driving port of every gateway: the same way in for HTTP, email and console. */
export interface Intake {
  submit(submission: Submission): Promise<SubmitAnswer>;
  /** A cancelled Request calls nobody; "too-late" once its call was granted (hang up is another matter). */
  cancel(who: Authenticated, request: RequestId): Promise<CancelAnswer>;
}
