import type { SenderId } from "../kernel/identifiers.ts";
import type { Instant } from "../kernel/time.ts";
import type { Authentication, Channel } from "../request/terms.ts";

/** What a gateway lifted out of a message as the proof of who sent it. Plain secrets live no longer than the call. */
export type Proof =
  /** HTTP Basic or SMTP AUTH PLAIN/LOGIN. */
  | { readonly mechanism: "password"; readonly sender: string; readonly password: string }
  /** `Bearer rvl_<key id>_<secret>`. */
  | { readonly mechanism: "api-key"; readonly token: string }
  /** `Reveille-HMAC-SHA256`; `method` and `path` are "MAIL" and "/" for a mail, `body` the exact bytes received. */
  | {
      readonly mechanism: "message-digest";
      readonly keyId: string;
      /** Unix seconds, as the Sender wrote them. */
      readonly created: string;
      readonly id: string;
      readonly signature: string;
      readonly method: string;
      readonly path: string;
      readonly body: Uint8Array;
    };

export type Authenticated = {
  readonly sender: SenderId;
  readonly authentication: Authentication;
  /** When the Sender made the message, where the proof says so. */
  readonly createdAt: Instant | null;
  /** Of a signed message: its unique id under this key, which is also its idempotency key. */
  readonly messageId: string | null;
};

export type RefusalReason =
  | "credentials-missing"
  | "credentials-wrong"
  | "timestamp-outside-window"
  | "signature-malformed"
  | "source-not-allowed"
  | "sender-suspended"
  | "too-many-attempts"
  | "not-ready";

export type GateAnswer =
  | { readonly ok: true; readonly who: Authenticated }
  | { readonly ok: false; readonly reason: RefusalReason; readonly retryAfterSeconds: number | null };

/** Driving port: who is this? An unknown Sender and a wrong password cost the same time and say the same. */
export interface Gatekeeper {
  authenticate(
    proof: Proof | null,
    from: { readonly channel: Channel; readonly address: string },
  ): Promise<GateAnswer>;
}
