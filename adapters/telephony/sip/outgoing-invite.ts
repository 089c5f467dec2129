/**
 * One INVITE of ours, to its one end: answered, failed, or taken back. The hard part is the crossings: a 200 that
 * meets our CANCEL, several 200s of a forked call, a CANCEL before any response (RFC 3261 9.1, 13.2.2.4).
 */
import { milliseconds } from "../../../domain/kernel/time.ts";
import type { Clock } from "../../../domain/ports/clock.ts";
import { sdpPart } from "../sdp/sdp-part.ts";
import { createDialog } from "./dialog.ts";
import { q850Of, retryAfterOf } from "./reason-header.ts";
import { GIVE_UP_MS } from "./retransmission.ts";
import type { InviteFailure, InviteHandlers, OutgoingInvite, SipDialog } from "./signalling.ts";
import type {
  CoreIncomingMessage,
  CoreInviteDelegate,
  CoreOutgoingInvite,
  CoreOutgoingRequest,
  CoreResponse,
  CoreSession,
} from "./sip-core.ts";

export type OutgoingInviteOptions = {
  readonly callId: string;
  readonly peer: string;
  readonly handlers: InviteHandlers;
  readonly clock: Clock;
  readonly contactHeader: string;
  readonly send: (delegate: CoreInviteDelegate) => CoreOutgoingInvite;
  /** Answered: `branch` of the INVITE, and the ACK that was sent for the 200. */
  readonly onAnswered: (branch: string, ack: CoreOutgoingRequest) => void;
  /** No response is of interest any more. */
  readonly onSettled: () => void;
  readonly onOver: () => void;
};

export type TrackedInvite = OutgoingInvite & {
  /** Every response to it, before the core sees it: the core swallows some. */
  onResponse(message: CoreResponse): void;
};

export function sendInvite(options: OutgoingInviteOptions): TrackedInvite {
  const { callId, peer, handlers, clock } = options;
  let phase: "calling" | "answered" | "over" = "calling";
  let heard = false;
  let cancelled = false;
  let dialog: SipDialog | null = null;
  let stopGuard: (() => void) | null = null;

  function fail(how: InviteFailure["how"], message: CoreResponse | null): void {
    if (phase !== "calling") return;
    phase = "over";
    stopGuard?.();
    options.onSettled();
    handlers.onFailed(failureOf(how, message));
    options.onOver();
  }

  function accept(message: CoreResponse, session: CoreSession, ack: CoreOutgoingRequest): void {
    retire(invite, ack, options.onAnswered);
    // RFC 3261 13.2.2.4: every further 200 of a forked INVITE is acknowledged, and its call ended.
    if (phase !== "calling" || cancelled) {
      session.delegate = {};
      session.bye();
      fail("answered-in-crossing", message);
      return;
    }
    phase = "answered";
    options.onSettled();
    dialog = createDialog({
      callId,
      peer,
      session,
      contactHeader: options.contactHeader,
      onOver: options.onOver,
    });
    handlers.onAnswered(dialog, bodyOf(message));
  }

  function reject(message: CoreResponse): void {
    const local = isLocal(message);
    if (cancelled) fail("cancelled", local ? null : message);
    else if (!local) fail("rejected", message);
    else fail(message.statusCode === 408 ? "no-response" : "transport-failed", null);
  }

  const invite = options.send({
    onTrying: () => undefined,
    onProgress: () => undefined,
    onAccept: ({ message, session, ack }) => accept(message, session, ack().message),
    onReject: ({ message }) => reject(message),
    onRedirect: ({ message }) => fail(cancelled ? "cancelled" : "redirected", message),
  });

  return {
    callId,
    onResponse(message) {
      if (phase !== "calling") return;
      if (!heard) {
        heard = true;
        handlers.onTrying?.();
      }
      const status = message.statusCode ?? 0;
      if (status > 100 && status < 200) handlers.onRinging?.({ status, sdp: bodyOf(message) });
    },
    end() {
      if (dialog !== null) return dialog.bye();
      if (phase !== "calling" || cancelled) return;
      cancelled = true;
      invite.cancel();
      // RFC 3261 9.1: a callee older than the RFC may never answer; after 64 x T1 the call counts as cancelled.
      stopGuard = clock.schedule(milliseconds(GIVE_UP_MS), () => fail("cancelled", null));
    },
  };
}

/** What is left of the transaction once it is answered is one ACK: see `answered-invites.ts`. */
function retire(
  { transaction }: CoreOutgoingInvite,
  ack: CoreOutgoingRequest,
  enter: OutgoingInviteOptions["onAnswered"],
): void {
  enter(transaction.id, ack);
  transaction.timerM?.();
}

function bodyOf(message: CoreIncomingMessage): string | null {
  return sdpPart(message.getHeader("content-type") ?? "", message.body);
}

/** The core makes its own 408 and 503 when nothing came or nothing could be sent; they have no Via. */
function isLocal(message: CoreResponse): boolean {
  return !message.hasHeader("via");
}

function failureOf(how: InviteFailure["how"], message: CoreResponse | null): InviteFailure {
  if (message === null) return { how, status: null, q850: null, retryAfterSeconds: null };
  return {
    how,
    status: message.statusCode ?? null,
    q850: q850Of(message),
    retryAfterSeconds: retryAfterOf(message),
  };
}
