/**
 * SIP as the telephony server and the telephone see it: calls out, calls in, dialogs. Bodies are SDP text, made
 * and judged by `adapters/telephony/sdp/`; nothing here touches media. `endpoint.ts` makes the real one.
 */

import type { Milliseconds } from "../../../domain/kernel/time.ts";
import type { Digit } from "../../../domain/ports/telephony.ts";
import type { SipCredentials } from "./digest.ts";

/** Somebody we talk to. Packets from any other address are dropped unread. */
export type SipPeer = {
  readonly name: string;
  /** Addresses and CIDR blocks (IPv4 or IPv6, no names) whose packets are believed to be this peer's. */
  readonly addresses: readonly string[];
  /** Where its requests go when a Contact or Route of its own points outside `addresses`; null: its source. */
  readonly pinnedTo: SipAddress | null;
  /** Answer to the port the packet came from even where the peer did not ask for it (RFC 3581). */
  readonly forceRport: boolean;
  /** For peers that challenge our requests; null: they know us by our address. */
  readonly credentials?: SipCredentials | null;
};

export type SipAddress = { readonly host: string; readonly port: number };

/** Whom to call. `host` is a literal address inside the `addresses` of a peer. */
export type SipTarget = SipAddress & { readonly user: string };

/** Why an INVITE of ours came to nothing, as found; no verdict. */
export type InviteFailure = {
  readonly how:
    | "rejected" /** 4xx, 5xx or 6xx from the peer. */
    | "redirected" /** 3xx; never followed. */
    | "no-response" /** Not one response in 32 s. Whether anything rang is unknown. */
    | "transport-failed" /** The packet could not be sent. */
    | "cancelled" /** `end()` was called before the answer, and the peer agreed or kept silent. */
    | "answered-in-crossing" /** A 200 crossed our CANCEL: acknowledged, and ended at once with BYE. */;
  /** Final status; null when none came. */
  readonly status: number | null;
  /** Cause of a Reason header of protocol Q.850 (RFC 3326). */
  readonly q850: number | null;
  /** Retry-After of a refusal, in seconds. */
  readonly retryAfterSeconds: number | null;
};

export type Provisional = {
  /** 101 … 199. */
  readonly status: number;
  /** SDP of early media, if any. */
  readonly sdp: string | null;
};

export type InviteHandlers = {
  /** The first response of any kind, once. */
  readonly onTrying?: () => void;
  /** Every 18x, repeats too. */
  readonly onRinging?: (provisional: Provisional) => void;
  /** Once. ACK has been sent; the body is the answer to the offer. */
  readonly onAnswered: (dialog: SipDialog, sdp: string | null) => void;
  /** Once, instead of `onAnswered`. */
  readonly onFailed: (failure: InviteFailure) => void;
};

export interface OutgoingInvite {
  readonly callId: string;
  /** CANCEL before the answer, BYE after it; `onFailed` or the dialog's `onEnded` follows. Harmless when over. */
  end(): void;
}

export type DialogEnd = {
  readonly by: "peer" | "us" | "network" /** Nobody said BYE: no ACK came, or the session timer ran out. */;
  readonly q850: number | null;
};

/** An answered call. */
export interface SipDialog {
  readonly callId: string;
  readonly peer: string;
  /** Sends BYE (as callee only once the ACK has come, RFC 3261 15). Harmless when repeated. */
  bye(): void;
  /** Once, at once if the dialog is already over. */
  onEnded(listener: (end: DialogEnd) => void): void;
  /** A re-INVITE: answer its SDP (null: it asks for an offer), or null to refuse with 488. Default: refuse. */
  onReoffer(answer: (sdp: string | null) => string | null): void;
  /** The ACK's body, for the answer to a delayed offer. Callee only. */
  onAck(listener: (sdp: string | null) => void): void;
  /** DTMF by INFO `application/dtmf-relay`: one key, as sent. Default: refused with 469. */
  onInfoDigit(listener: (key: Digit) => void): void;
}

export interface IncomingInvite {
  readonly callId: string;
  readonly peer: string;
  /** User part of From, percent escapes decoded, control characters removed; null when anonymous. */
  readonly callerUser: string | null;
  /** User part of the Request-URI. */
  readonly calledUser: string;
  /** The offer; null: the caller wants ours in the 200. */
  readonly sdp: string | null;
  /** Sends 180. Harmless after the final answer. */
  ring(): void;
  /** Sends 200. Null when the caller has cancelled meanwhile. */
  answer(sdp: string): SipDialog | null;
  /** Sends a final refusal, 400 … 699. Harmless when already answered or cancelled. */
  reject(status: number, headers?: readonly SipHeader[]): void;
  /** Sends 302. */
  redirect(contact: SipTarget): void;
  /** The caller gave up before our answer: 487 has been sent. */
  onCancelled(listener: () => void): void;
}

/** Refused with an error when it holds CR, LF or NUL. */
export type SipHeader = { readonly name: string; readonly value: string };

export type InviteRequest = {
  readonly target: SipTarget;
  /** User and host of From. */
  readonly from: { readonly user: string; readonly host: string };
  readonly sdp: string;
  readonly headers?: readonly SipHeader[];
};

export interface SipEndpoint {
  /** The bound address. */
  readonly local: SipAddress;
  /** Throws `SipTargetError` when the target is no peer's, or a text holds CR, LF or NUL. */
  invite(request: InviteRequest, handlers: InviteHandlers): OutgoingInvite;
  /**
   * Sends OPTIONS. Resolves with the status of the answer, or with null when none came in 32 s or it could not be
   * sent. Throws `SipTargetError` as `invite` does.
   */
  ask(target: SipTarget): Promise<number | null>;
  /** OPTIONS and new INVITEs get 503 with Retry-After while on; dialogs go on. */
  drain(on: boolean): void;
  /** What was dropped, refused and repeated since the start, by name. */
  counters(): ReadonlyMap<string, number>;
  /** Transactions and dialogs alive: zero 64 s after the last call. */
  liveCount(): number;
  /** Resolves when everything of ours has been answered (BYE, CANCEL, refusals), or after `patience`. */
  settled(patience: Milliseconds): Promise<void>;
  /** Forgets every call without a word and closes the socket: say BYE first. */
  close(): Promise<void>;
}

/** A target outside every peer's addresses, or a text that would break a message. Trying again cannot help. */
export class SipTargetError extends Error {
  readonly retryable = false;
  override readonly name = "SipTargetError";
}
