/**
 * One call that we place: from the order to its one ending. Three clocks run before the answer (setup until the
 * first 18x, ring from there on, a total over both), two after it (session and media). Whatever ends it, the
 * ending says what was seen, and comes last and once.
 */
import { type Instant, type Milliseconds, milliseconds } from "../../../domain/kernel/time.ts";
import type { Clock } from "../../../domain/ports/clock.ts";
import type {
  Call,
  CallEnding,
  CallOrder,
  CallProgress,
  LocalCause,
} from "../../../domain/ports/telephony.ts";
import type { MediaPlane, MediaSession } from "../media-plane.ts";
import { createNegotiation, type Negotiation } from "../sdp/negotiation.ts";
import { type CallEvidence, endedByStatus, NO_MEDIA, noEvidence, rung } from "./call-evidence.ts";
import type { InviteFailure, OutgoingInvite, Provisional, SipDialog, SipEndpoint } from "./signalling.ts";
import { type Trunk, writeNumber } from "./trunk.ts";

export type CallTimers = {
  /** INVITE to the first 18x or final response. */
  readonly setupTimeoutMs: Milliseconds;
  /** INVITE to the answer, whatever the ring timeout. */
  readonly answerTimeoutMs: Milliseconds;
};

export type PlacedCallOptions = {
  readonly order: CallOrder;
  readonly trunk: Trunk;
  readonly endpoint: Pick<SipEndpoint, "invite">;
  readonly media: Pick<MediaPlane, "open">;
  readonly mediaAddress: string;
  /** User of From when the order names no number. */
  readonly identity: { readonly user: string; readonly host: string };
  readonly clock: Clock;
  readonly timers: CallTimers;
  readonly onProgress: (progress: CallProgress) => void;
  /** A fault of ours, for the operator's log. */
  readonly onFault: (what: string, error: unknown) => void;
};

/** The ending's own part; the rest is evidence. */
type Verdict = Pick<CallEnding, "endedBy" | "localCause">;

/** A call as the telephony keeps it, placed or taken. */
export type RunningCall = Call & {
  /** Ends it here and now, whatever the other side has still to say: the socket is about to close. */
  abandon(): void;
};

export function placeCall(options: PlacedCallOptions): RunningCall {
  const { order, trunk, clock, timers, onProgress } = options;
  const cancels = new Set<() => void>();
  let evidence: CallEvidence = noEvidence(null);
  let localCause: LocalCause | null = null;
  let heard = false;
  let invite: OutgoingInvite | null = null;
  let session: MediaSession | null = null;
  let over = false;
  let stopSetup: (() => void) | null = null;

  function after(delay: Milliseconds, cause: LocalCause | (() => LocalCause)): () => void {
    const cancel = clock.schedule(delay, () => hangUp(typeof cause === "string" ? cause : cause()));
    cancels.add(cancel);
    return cancel;
  }

  function stopTimers(): void {
    for (const cancel of cancels) cancel();
    cancels.clear();
  }

  /** The first cause counts: it says why the call was ended, the rest is how. */
  function hangUp(cause: LocalCause = "hung-up"): void {
    if (over) return;
    localCause ??= cause;
    invite?.end();
  }

  function end(verdict: Verdict): void {
    if (over) return;
    over = true;
    stopTimers();
    const endedAt = clock.now();
    const media = session?.quality() ?? NO_MEDIA;
    session?.hungUp();
    onProgress({ type: "ended", ending: { ...evidence, ...verdict, endedAt, media } });
    session?.close().catch((error: unknown) => options.onFault("media session did not close", error));
  }

  function begin(opened: MediaSession): void {
    session = opened;
    if (localCause !== null) return end({ endedBy: "us", localCause });
    const now = clock.now();
    // The last moment at which it can still be held back: after this line the telephone may ring.
    if (now >= order.callBefore) return end({ endedBy: "us", localCause: "too-late" });
    const negotiation = createNegotiation({
      address: options.mediaAddress,
      port: opened.localPort,
      sessionId: opened.localPort * 65_536 + (now % 65_536),
      rules: trunk.mediaRules,
      sourceCheck: trunk.config.mediaSourceCheck,
    });
    evidence = noEvidence(now);
    // The log has the call before anything can happen to it.
    const sent = sendInvite(negotiation);
    invite = sent;
    onProgress({ type: "placed", at: now, sipCallId: sent.callId, trunk: trunk.config.name });
    stopSetup = after(timers.setupTimeoutMs, () => (heard ? "setup-timeout" : "no-response"));
    after(timers.answerTimeoutMs, "ring-timeout");
  }

  function sendInvite(negotiation: Negotiation): OutgoingInvite {
    const { identity } = options;
    const user = order.from === null ? identity.user : writeNumber(order.from, trunk.config);
    return options.endpoint.invite(
      {
        target: { user: writeNumber(order.to, trunk.config), host: trunk.address, port: trunk.config.port },
        from: { user, host: identity.host },
        sdp: negotiation.offer(),
      },
      {
        onTrying: () => {
          heard = true;
        },
        onRinging,
        onAnswered: (dialog, sdp) => onAnswered(dialog, sdp, negotiation),
        onFailed,
      },
    );
  }

  function onRinging(provisional: Provisional): void {
    const at = clock.now();
    const before = evidence;
    evidence = rung(evidence, provisional, at, trunk.config.progressIsAlerting);
    if (before.ringingAt === null) {
      stopSetup?.();
      after(order.ringTimeoutMs, "ring-timeout");
    }
    const isNews = before.ringingAt === null || before.alerted !== evidence.alerted;
    if (!isNews) return;
    const earlyMedia = provisional.sdp !== null;
    onProgress({ type: "ringing", at, sipCode: provisional.status, earlyMedia });
  }

  function onAnswered(dialog: SipDialog, sdp: string | null, negotiation: Negotiation): void {
    stopTimers();
    const at: Instant = clock.now();
    evidence = { ...evidence, sipCode: 200, answeredAt: at };
    const answer = negotiation.readAnswer(sdp);
    dialog.onEnded((ending) => {
      evidence = { ...evidence, q850: ending.q850 ?? evidence.q850 };
      if (ending.by === "us") end({ endedBy: "us", localCause });
      else end({ endedBy: ending.by === "peer" ? "customer" : "network", localCause });
    });
    if (!answer.ok || session === null) return hangUp("media-not-agreed");
    const leg = session;
    leg.connect(answer.agreement);
    leg.onTimeout(() => hangUp("media-timeout"));
    dialog.onInfoDigit((digit) => leg.hearDigit(digit));
    dialog.onReoffer((offer) => reoffered(offer, negotiation, leg));
    after(order.maxSessionMs, "session-limit");
    onProgress({ type: "answered", at, leg });
  }

  function onFailed(failure: InviteFailure): void {
    evidence = {
      ...evidence,
      sipCode: failure.status,
      q850: failure.q850,
      retryAfterSeconds: failure.retryAfterSeconds,
      trunkRefusesAtOnce: trunk.config.refusesAtOnce ?? false,
    };
    end(verdictOf(failure, localCause));
  }

  options.media
    .open(options.mediaAddress)
    .then(begin)
    .catch((error: unknown) => {
      options.onFault("no media for a call", error);
      end({ endedBy: "us", localCause: localCause ?? "transport-failed" });
    });
  return { hangUp, abandon: () => end({ endedBy: "us", localCause: localCause ?? "hung-up" }) };
}

/** A re-INVITE moves or holds the audio; what we cannot agree to is refused, and the call goes on as it was. */
export function reoffered(offer: string | null, negotiation: Negotiation, leg: MediaSession): string | null {
  if (offer === null) return negotiation.offer();
  const answer = negotiation.answer(offer);
  if (!answer.ok) return null;
  leg.connect(answer.agreement);
  return answer.sdp;
}

function verdictOf(failure: InviteFailure, localCause: LocalCause | null): Verdict {
  switch (failure.how) {
    case "cancelled":
    case "answered-in-crossing":
      return { endedBy: "us", localCause: localCause ?? "hung-up" };
    case "redirected":
      return { endedBy: "us", localCause: "redirect-refused" };
    case "no-response":
      return { endedBy: "network", localCause: "no-response" };
    case "transport-failed":
      return { endedBy: "network", localCause: "transport-failed" };
    case "rejected":
      return { endedBy: endedByStatus(failure.status), localCause: null };
    default:
      return failure.how satisfies never;
  }
}

/** 20 s and 180 s: longer than any telephone needs, shorter than a port may be held for nothing. */
export const CALL_TIMERS: CallTimers = {
  setupTimeoutMs: milliseconds(20_000),
  answerTimeoutMs: milliseconds(180_000),
};
