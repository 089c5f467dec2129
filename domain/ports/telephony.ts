/**
 * The telephone network as the telephony server sees it: SIP and RTP today, other hardware behind the same door
 * (I14, I18). The adapter knows nothing of Requests, ports or policy: it places what it is told to place, asks
 * about each incoming call, and says truthfully what happened.
 */
import type { OfferId } from "../kernel/identifiers.ts";
import type { PhoneNumber } from "../kernel/phone-number.ts";
import type { Instant, Milliseconds } from "../kernel/time.ts";
import type { Durable } from "./durable.ts";

/** Mono 16-bit PCM at 8 kHz. Backed by shared memory where it is cached, so that it travels without a copy. */
export type AudioClip = { readonly samples: Int16Array };

export type Digit =
  | "0"
  | "1"
  | "2"
  | "3"
  | "4"
  | "5"
  | "6"
  | "7"
  | "8"
  | "9"
  | "*"
  | "#"
  | "A"
  | "B"
  | "C"
  | "D";

export type PlayEnd = {
  /** "digit" only where `stopOnDigit` was asked for. */
  readonly why: "finished" | "digit" | "stopped" | "hangup";
  /** Sent so far, over all clips. */
  readonly playedMs: Milliseconds;
};

export interface Playing {
  readonly ended: Promise<PlayEnd>;
  stop(): void;
}

/** Two-way audio of one answered call. */
export interface CallLeg {
  /** Plays the clips one after the other without a gap; one playing at a time (a second call stops the first). */
  play(clips: readonly AudioClip[], options: { readonly stopOnDigit: boolean }): Playing;
  /** Each key once, at its first packet. Answers a function that stops listening. */
  onDigit(listener: (digit: Digit, at: Milliseconds) => void): () => void;
  /** Each received 20 ms frame (160 samples), concealed ones marked. For recorders and recognisers. */
  onFrame(listener: (frame: Int16Array, concealed: boolean) => void): () => void;
  /** Called once when the other side is gone, at once if it already is. */
  onHangup(listener: () => void): void;
  /** Sends keys as RFC 4733 events, 100 ms tone and 100 ms gap each. */
  sendDigits(digits: readonly Digit[]): Promise<void>;
}

/** Quality of what we received (I16, I17). Packets of 20 ms. */
export type MediaQuality = {
  readonly received: number;
  readonly concealed: number;
  readonly sent: number;
  readonly jitterMs: number;
};

/** Why our side ended a call before the network said anything final; null when it did not. */
export type LocalCause =
  | "ring-timeout"
  | "setup-timeout"
  | "no-response"
  | "transport-failed"
  | "media-timeout"
  | "session-limit"
  | "media-not-agreed"
  | "redirect-refused"
  | "hung-up"
  | "too-late";

/** How a call ended, as evidence: nothing collapsed, no verdict (that is `domain/session/outcome.ts`). */
export type CallEnding = {
  readonly endedBy: "customer" | "us" | "network";
  readonly localCause: LocalCause | null;
  /** Final status of the INVITE; null when none came. */
  readonly sipCode: number | null;
  /** Q.850 cause of a Reason header (RFC 3326). */
  readonly q850: number | null;
  /** Retry-After of the refusal (RFC 3261 20.33); absent or null when it had none. */
  readonly retryAfterSeconds?: number | null;
  /** The trunk is known to refuse what it has no room for with 480 or 486 at once, as if the callee were busy. */
  readonly trunkRefusesAtOnce?: boolean;
  /** A 180, or a 183 that a trunk is known to send for alerting. 183 alone is no proof. */
  readonly alerted: boolean;
  readonly earlyMedia: boolean;
  readonly invitedAt: Instant | null;
  readonly ringingAt: Instant | null;
  readonly answeredAt: Instant | null;
  readonly endedAt: Instant;
  readonly media: MediaQuality;
};

export type CallOrder = {
  readonly offer: OfferId;
  readonly to: PhoneNumber;
  readonly from: PhoneNumber | null;
  readonly ringTimeoutMs: Milliseconds;
  /** Of the answered call: BYE when it is over. */
  readonly maxSessionMs: Milliseconds;
  /** No INVITE leaves at or after this instant (quiet hours, deadline): the call ends with "too-late". */
  readonly callBefore: Instant;
};

export type CallProgress =
  | { readonly type: "placed"; readonly at: Instant; readonly sipCallId: string; readonly trunk: string }
  | { readonly type: "ringing"; readonly at: Instant; readonly sipCode: number; readonly earlyMedia: boolean }
  | { readonly type: "answered"; readonly at: Instant; readonly leg: CallLeg }
  /** Always the last, exactly once. */
  | { readonly type: "ended"; readonly ending: CallEnding };

export interface Call {
  /** CANCEL while it rings, BYE once answered; "ended" follows. Harmless when it is over. */
  hangUp(cause?: LocalCause): void;
}

export type IncomingCall = {
  readonly sipCallId: string;
  readonly trunk: string;
  /** Null when withheld or no E.164 number. */
  readonly caller: PhoneNumber | null;
  readonly called: string;
  /** BYE once it was taken and answered; "ended" follows. Harmless when it is over. */
  readonly hangUp: () => void;
};

/** The server's answer to an incoming call: take it on a port, or refuse with a SIP status (486, 503, 603). */
export type IncomingAnswer =
  | {
      readonly take: true;
      readonly maxSessionMs: Milliseconds;
      readonly onProgress: (progress: CallProgress) => void;
    }
  | { readonly take: false; readonly sipCode: number; readonly retryAfterSeconds: number | null };

export interface Telephony {
  /** Binds its sockets. Throws with what to do when it cannot. */
  start(onIncoming: (call: IncomingCall) => IncomingAnswer): Promise<void>;
  /** `permit`: the journal entry of this call is on disk, and so is everything it rests on. */
  place(order: CallOrder, permit: Durable, onProgress: (progress: CallProgress) => void): Call;
  /** p99 of the lateness of sent packets over the last second: a load fact. */
  mediaLatenessMs(): number;
  /** While draining, incoming calls get 503 and OPTIONS too; running calls go on. */
  drain(on: boolean): void;
  /** Ends every call, then closes its sockets. */
  stop(): Promise<void>;
}
