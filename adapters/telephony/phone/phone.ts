/**
 * A telephone in software: takes calls and makes them, hears, presses keys, records. It stands where a customer would, in
 * the demonstration, in tests and at a developer's desk, and goes through the same SIP and RTP as a real one.
 */
import type { BlockList } from "node:net";
import { milliseconds } from "../../../domain/kernel/time.ts";
import type { MediaAgreement, MediaSession } from "../media-plane.ts";
import { createMediaPlane } from "../rtp/threaded-media-plane.ts";
import { createNegotiation, type Negotiation } from "../sdp/negotiation.ts";
import { createSipEndpoint } from "../sip/endpoint.ts";
import { addressBlocks } from "../sip/peer-book.ts";
import type { IncomingInvite, OutgoingInvite, SipDialog, SipTarget } from "../sip/signalling.ts";
import { type Conversation, startConversation } from "./conversation.ts";
import type { Phone, PhoneOptions } from "./phone-options.ts";
import { requireKeys } from "./phone-script.ts";
import { createWavRecorder, type WavRecorder } from "./wav-recorder.ts";

type Line =
  | { readonly phase: "idle" }
  | { readonly phase: "ringing"; readonly answer: () => void; readonly decline: () => void }
  | { readonly phase: "calling"; readonly outgoing: OutgoingInvite | null }
  | { readonly phase: "talking"; readonly conversation: Conversation };

const DECLINED = 603;
const BUSY = 486;
const NOT_ACCEPTABLE = 488;
const UNAVAILABLE = 480;
/** How long the other side has to acknowledge our goodbye before the socket closes. */
const GOODBYE_MS = 2_000;

/** Binds its socket. Throws with what to do when it cannot. */
export async function createPhone(options: PhoneOptions): Promise<Phone> {
  const { clock, log, onEvent: emit } = options;
  for (const step of options.script) if ("keys" in step) requireKeys(step.keys);
  let line: Line = { phase: "idle" };
  let calls = 0;
  let closing = false;
  const media = createMediaPlane({ portRange: options.rtpPorts, log });
  const allowed: BlockList = addressBlocks(options.network, "the telephone's network");
  const endpoint = await createSipEndpoint({
    listenAddress: options.listenAddress,
    listenPort: options.listenPort,
    transport: "udp",
    peers: [{ name: "network", addresses: options.network, pinnedTo: null, forceRport: true }],
    user: options.user,
    clock,
    log,
    onInvite,
  });

  function onFault(what: string, error: unknown): void {
    log.warn(what, { error });
  }

  function refuse(invite: IncomingInvite, sipCode: number): void {
    invite.reject(sipCode);
    emit({ type: "refused", at: clock.now(), sipCode });
  }

  function onInvite(invite: IncomingInvite): void {
    const { pickUp } = options;
    if (closing || line.phase !== "idle" || pickUp.how === "busy") refuse(invite, BUSY);
    else if (pickUp.how === "decline") refuse(invite, pickUp.sipCode);
    else ring(invite);
  }

  function ring(invite: IncomingInvite): void {
    const { pickUp } = options;
    let stopWaiting: (() => void) | null = null;
    let taken = false;
    const answer = (): void => {
      if (taken) return;
      taken = true;
      stopWaiting?.();
      takeCall(invite).catch((error: unknown) => {
        onFault("telephone could not answer", error);
        line = { phase: "idle" };
        refuse(invite, UNAVAILABLE);
      });
    };
    const decline = (): void => {
      stopWaiting?.();
      line = { phase: "idle" };
      refuse(invite, DECLINED);
    };
    line = { phase: "ringing", answer, decline };
    invite.onCancelled(() => {
      stopWaiting?.();
      line = { phase: "idle" };
      emit({ type: "missed", at: clock.now() });
    });
    invite.ring();
    emit({ type: "ringing", at: clock.now(), caller: invite.callerUser, called: invite.calledUser });
    if (pickUp.how === "answer") stopWaiting = clock.schedule(milliseconds(pickUp.afterMs), answer);
  }

  function negotiate(session: MediaSession): Negotiation {
    return createNegotiation({
      address: endpoint.local.host,
      port: session.localPort,
      sessionId: clock.now(),
      rules: { allowed, allowLoopback: true },
      sourceCheck: "strict",
    });
  }

  async function takeCall(invite: IncomingInvite): Promise<void> {
    const session = await media.open(endpoint.local.host);
    const negotiation = negotiate(session);
    const ours = invite.sdp === null ? null : negotiation.answer(invite.sdp);
    if (ours !== null && !ours.ok) {
      line = { phase: "idle" };
      refuse(invite, NOT_ACCEPTABLE);
      return await session.close();
    }
    const dialog = invite.answer(ours?.sdp ?? negotiation.offer());
    if (dialog === null) return await session.close();
    if (ours === null) connectOnAck(dialog, negotiation, session);
    talk({ dialog, session, negotiation, agreement: ours?.agreement ?? null });
  }

  type Answered = {
    readonly dialog: SipDialog;
    readonly session: MediaSession;
    readonly negotiation: Negotiation;
    readonly agreement: MediaAgreement | null;
  };

  function talk({ dialog, session, negotiation, agreement }: Answered): void {
    if (agreement !== null) session.connect(agreement);
    dialog.onReoffer((offer) => reoffered(offer, negotiation, session));
    const { script, hangUpAfterMs } = options;
    const conversation = startConversation({
      dialog,
      session,
      recording: record(),
      script,
      hangUpAfterMs,
      clock,
      emit,
      onFault,
    });
    line = { phase: "talking", conversation };
    void idleAfter(conversation);
  }

  async function idleAfter(conversation: Conversation): Promise<void> {
    await conversation.ended;
    line = { phase: "idle" };
  }

  function record(): { readonly path: string; readonly recorder: WavRecorder } | null {
    if (options.recordTo === null) return null;
    calls += 1;
    const path = numbered(options.recordTo, calls);
    return { path, recorder: createWavRecorder(path) };
  }

  async function call(target: SipTarget): Promise<boolean> {
    if (closing || line.phase !== "idle") throw new Error("phone: in use; hang up first");
    line = { phase: "calling", outgoing: null };
    const answered = Promise.withResolvers<boolean>();
    const session = await media.open(endpoint.local.host);
    const negotiation = negotiate(session);
    const giveUp = (sipCode: number | null): void => {
      line = { phase: "idle" };
      emit({ type: "not-answered", at: clock.now(), sipCode });
      answered.resolve(false);
      session.close().catch((error: unknown) => onFault("media session did not close", error));
    };
    const onAnswered = (dialog: SipDialog, sdp: string | null): void => {
      const theirs = negotiation.readAnswer(sdp);
      if (!theirs.ok) {
        dialog.bye();
        return giveUp(NOT_ACCEPTABLE);
      }
      const { agreement } = theirs;
      talk({ dialog, session, negotiation, agreement });
      answered.resolve(true);
    };
    emit({ type: "dialling", at: clock.now(), called: target.user });
    try {
      const outgoing = endpoint.invite(
        { target, from: { user: options.user, host: endpoint.local.host }, sdp: negotiation.offer() },
        {
          onRinging: () => emit({ type: "alerting", at: clock.now() }),
          onAnswered,
          onFailed: ({ status }) => giveUp(status),
        },
      );
      line = { phase: "calling", outgoing };
    } catch (error) {
      line = { phase: "idle" };
      await session.close();
      throw error;
    }
    return await answered.promise;
  }

  function hangUp(): void {
    if (line.phase === "talking") line.conversation.hangUp();
    else if (line.phase === "ringing") line.decline();
    else if (line.phase === "calling") line.outgoing?.end();
  }

  return {
    address: endpoint.local,
    answer: () => {
      if (line.phase === "ringing") line.answer();
    },
    hangUp,
    async press(keys) {
      const digits = requireKeys(keys);
      if (line.phase === "talking") await line.conversation.press(digits);
    },
    say: (clips) => (line.phase === "talking" ? line.conversation.say(clips) : null),
    waitForSilence: async (quietMs) =>
      line.phase === "talking" ? await line.conversation.waitForSilence(quietMs) : false,
    call,
    async close() {
      if (closing) return;
      closing = true;
      const last = line.phase === "talking" ? line.conversation.ended : Promise.resolve();
      hangUp();
      await last;
      await endpoint.settled(milliseconds(GOODBYE_MS));
      await Promise.all([endpoint.close(), media.close()]);
    },
  };
}

/** A re-INVITE: hold, resume, or another place to send to. */
function reoffered(offer: string | null, negotiation: Negotiation, session: MediaSession): string | null {
  if (offer === null) return negotiation.offer();
  const ours = negotiation.answer(offer);
  if (!ours.ok) return null;
  session.connect(ours.agreement);
  return ours.sdp;
}

function numbered(path: string, call: number): string {
  return call === 1 ? path : path.replace(/(\.[^./]*)?$/, `-${call}$1`);
}

/** The caller sent no offer: ours went out in the 200, its answer comes in the ACK. */
function connectOnAck(dialog: SipDialog, negotiation: Negotiation, session: MediaSession): void {
  dialog.onAck((sdp) => {
    const theirs = negotiation.readAnswer(sdp);
    if (theirs.ok) session.connect(theirs.agreement);
    else dialog.bye();
  });
}
