/** One call that comes in: judged, taken or refused, and ended once. */
import type { Clock } from "../../../domain/ports/clock.ts";
import type {
  CallEnding,
  IncomingAnswer,
  IncomingCall,
  LocalCause,
} from "../../../domain/ports/telephony.ts";
import type { MediaAgreement, MediaPlane, MediaSession } from "../media-plane.ts";
import { createNegotiation, type Negotiation } from "../sdp/negotiation.ts";
import { type CallEvidence, NO_MEDIA, noEvidence } from "./call-evidence.ts";
import { type RunningCall, reoffered } from "./placed-call.ts";
import type { IncomingInvite, SipDialog } from "./signalling.ts";
import { readNumber, type Trunk } from "./trunk.ts";

export type TakenCallOptions = {
  readonly invite: IncomingInvite;
  readonly trunk: Trunk;
  readonly media: Pick<MediaPlane, "open">;
  readonly mediaAddress: string;
  readonly clock: Clock;
  readonly onIncoming: (call: IncomingCall) => IncomingAnswer;
  readonly onFault: (what: string, error: unknown) => void;
  /** Once, when the call no longer needs a channel. */
  readonly onOver: () => void;
};

/** Null when it was refused. */
export function takeCall(options: TakenCallOptions): RunningCall | null {
  const { invite, trunk, clock } = options;
  let dialog: SipDialog | null = null;
  let session: MediaSession | null = null;
  let localCause: LocalCause | null = null;
  let evidence: CallEvidence = noEvidence(clock.now());
  let over = true;
  let stopLimit: (() => void) | null = null;

  const answer = options.onIncoming({
    sipCallId: invite.callId,
    trunk: trunk.config.name,
    caller: readNumber(invite.callerUser, trunk.config),
    called: invite.calledUser,
    hangUp: () => hangUp("hung-up"),
  });
  if (!answer.take) {
    const { retryAfterSeconds } = answer;
    invite.reject(
      answer.sipCode,
      retryAfterSeconds === null ? [] : [{ name: "Retry-After", value: String(retryAfterSeconds) }],
    );
    return null;
  }
  const { maxSessionMs, onProgress } = answer;
  over = false;

  function hangUp(cause: LocalCause): void {
    if (over) return;
    localCause ??= cause;
    if (dialog !== null) return dialog.bye();
    invite.reject(480);
    end("us", { sipCode: 480 });
  }

  function end(endedBy: CallEnding["endedBy"], found: Partial<CallEvidence> = {}): void {
    if (over) return;
    over = true;
    stopLimit?.();
    const endedAt = clock.now();
    const media = session?.quality() ?? NO_MEDIA;
    session?.hungUp();
    onProgress({ type: "ended", ending: { ...evidence, ...found, endedBy, localCause, endedAt, media } });
    session?.close().catch((error: unknown) => options.onFault("media session did not close", error));
    options.onOver();
  }

  function talk(agreement: MediaAgreement, leg: MediaSession): void {
    const at = clock.now();
    evidence = { ...evidence, sipCode: 200, answeredAt: at };
    leg.connect(agreement);
    leg.onTimeout(() => hangUp("media-timeout"));
    stopLimit = clock.schedule(maxSessionMs, () => hangUp("session-limit"));
    onProgress({ type: "answered", at, leg });
  }

  function accept(sdp: string, negotiation: Negotiation, leg: MediaSession): boolean {
    const accepted = invite.answer(sdp);
    dialog = accepted;
    if (accepted === null) return false;
    accepted.onInfoDigit((digit) => leg.hearDigit(digit));
    accepted.onReoffer((offer) => reoffered(offer, negotiation, leg));
    accepted.onEnded(({ by, q850 }) => {
      const endedBy = by === "peer" ? "customer" : by;
      end(endedBy, { q850 });
    });
    return true;
  }

  /** RFC 3264 5: an INVITE without offer gets ours in the 200, and answers it in the ACK. */
  function acceptDelayed(negotiation: Negotiation, leg: MediaSession): void {
    if (!accept(negotiation.offer(), negotiation, leg)) return;
    dialog?.onAck((sdp) => {
      const agreed = negotiation.readAnswer(sdp);
      if (agreed.ok) talk(agreed.agreement, leg);
      else hangUp("media-not-agreed");
    });
  }

  function begin(leg: MediaSession): void {
    session = leg;
    if (over) {
      leg.close().catch((error: unknown) => options.onFault("media session did not close", error));
      return;
    }
    const negotiation = createNegotiation({
      address: options.mediaAddress,
      port: leg.localPort,
      sessionId: leg.localPort * 65_536 + (clock.now() % 65_536),
      rules: trunk.mediaRules,
      sourceCheck: trunk.config.mediaSourceCheck,
    });
    if (invite.sdp === null) return acceptDelayed(negotiation, leg);
    const answered = negotiation.answer(invite.sdp);
    if (!answered.ok) {
      invite.reject(488);
      localCause = "media-not-agreed";
      end("us", { sipCode: 488 });
      return;
    }
    if (accept(answered.sdp, negotiation, leg)) talk(answered.agreement, leg);
  }

  invite.onCancelled(() => end("customer", { sipCode: 487 }));
  options.media
    .open(options.mediaAddress)
    .then(begin)
    .catch((error: unknown) => {
      options.onFault("no media for an incoming call", error);
      invite.reject(503);
      localCause ??= "transport-failed";
      end("us", { sipCode: 503 });
    });
  return { hangUp: (cause = "hung-up") => hangUp(cause), abandon: () => end("us") };
}
