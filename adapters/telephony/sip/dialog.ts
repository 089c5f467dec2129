import type { Digit } from "../../../domain/ports/telephony.ts";
import { DTMF_KEYPAD } from "../audio/dtmf-tone.ts";
import { sdpPart } from "../sdp/sdp-part.ts";
import { q850Of } from "./reason-header.ts";
import type { DialogEnd, SipDialog } from "./signalling.ts";
import type { CoreInDialogRequest, CoreRequest, CoreSession } from "./sip-core.ts";

const DTMF_SIGNAL = /^\s*Signal\s*=\s*([0-9*#A-Da-d])\s*$/m;

const DIGITS: readonly Digit[] = DTMF_KEYPAD.flat();

export type DialogOptions = {
  readonly callId: string;
  readonly peer: string;
  readonly session: CoreSession;
  readonly contactHeader: string;
  /** Both parties are through with it. */
  readonly onOver: () => void;
};

/** Wraps an answered call of the core. */
export function createDialog(options: DialogOptions): SipDialog {
  const { session, callId, peer } = options;
  const listeners: ((end: DialogEnd) => void)[] = [];
  let end: DialogEnd | null = null;
  let byeWaits = false;
  let reoffer: ((sdp: string | null) => string | null) | null = null;
  let onAck: ((sdp: string | null) => void) | null = null;
  let onDigit: ((key: Digit) => void) | null = null;

  function finish(ending: DialogEnd): void {
    if (end !== null) return;
    end = ending;
    for (const listener of listeners.splice(0)) listener(ending);
    options.onOver();
  }

  // RFC 3261 15: a callee must not say BYE before the ACK has come or its wait is over.
  function bye(): void {
    if (end !== null || byeWaits) return;
    if (session.ackWait) byeWaits = true;
    else {
      session.bye();
      finish({ by: "us", q850: null });
    }
  }

  function answerReinvite(request: CoreInDialogRequest): void {
    const answer = reoffer?.(sdpOf(request.message)) ?? null;
    const extraHeaders = [options.contactHeader];
    if (answer === null) {
      request.reject({ statusCode: 488 });
      return;
    }
    request.accept({
      statusCode: 200,
      extraHeaders,
      body: { contentDisposition: "session", contentType: "application/sdp", content: answer },
    });
  }

  function answerInfo(request: CoreInDialogRequest): void {
    const key = digitOf(request.message.body);
    if (onDigit === null || key === null) {
      // RFC 6086 4.2.2: no package of ours.
      request.reject({ statusCode: 469, extraHeaders: ["Recv-Info:"] });
      return;
    }
    request.accept({ statusCode: 200 });
    onDigit(key);
  }

  session.delegate = {
    onAck({ message }) {
      onAck?.(sdpOf(message));
      if (byeWaits) {
        byeWaits = false;
        bye();
      }
    },
    onAckTimeout() {
      session.bye();
      finish({ by: byeWaits ? "us" : "network", q850: null });
    },
    onBye(request) {
      request.accept({ statusCode: 200 });
      finish({ by: "peer", q850: q850Of(request.message) });
    },
    onInvite: answerReinvite,
    onInfo: answerInfo,
    // A peer that could make us call somebody would be a hole in the policy; the others we never asked for.
    onRefer: (request) => void request.reject({ statusCode: 403 }),
    onNotify: (request) => void request.reject({ statusCode: 489 }),
    onPrack: (request) => void request.reject({ statusCode: 481 }),
    onMessage: (request) => void request.reject({ statusCode: 405 }),
  };

  return {
    callId,
    peer,
    bye,
    onEnded(listener) {
      if (end === null) listeners.push(listener);
      else listener(end);
    },
    onReoffer(answer) {
      reoffer = answer;
    },
    onAck(listener) {
      onAck = listener;
    },
    onInfoDigit(listener) {
      onDigit = listener;
    },
  };
}

function digitOf(body: string): Digit | null {
  const signal = DTMF_SIGNAL.exec(body)?.[1]?.toUpperCase();
  return DIGITS.find((digit) => digit === signal) ?? null;
}

export function sdpOf(message: CoreRequest): string | null {
  return sdpPart(message.getHeader("content-type") ?? "", message.body);
}
