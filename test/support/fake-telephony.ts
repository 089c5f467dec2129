import { type Instant, instant, milliseconds } from "../../domain/kernel/time.ts";
import type { Clock } from "../../domain/ports/clock.ts";
import type { DialogOrder, DialogResult, DialogRunner } from "../../domain/ports/dialog-runner.ts";
import type {
  CallEnding,
  CallOrder,
  CallProgress,
  IncomingAnswer,
  IncomingCall,
  Telephony,
} from "../../domain/ports/telephony.ts";
import { SILENT_LEG, silentEnding } from "./silent-call.ts";

/** What the far end does with a call. */
export type FarEnd =
  | { readonly does: "answer"; readonly afterMs: number; readonly talkMs: number }
  | { readonly does: "refuse"; readonly sipCode: number; readonly afterMs: number }
  | { readonly does: "ring" }
  /** Neither progress nor end, as when the process is killed. */
  | { readonly does: "vanish" };

export type FakeTelephony = Telephony & {
  /** Every INVITE that left, in order. */
  readonly placed: readonly CallOrder[];
  /** Calls now in progress. */
  inProgress(): number;
  /** A call from outside; null before `start`. */
  ringIn(call: Partial<IncomingCall>): IncomingAnswer | null;
  /** The caller hangs up; nothing where that call was not taken. */
  hangUpIncoming(sipCallId: string): void;
};

/** A telephone network on a (virtual) clock: `farEnd` says what each called party does. */
export function createFakeTelephony(clock: Clock, farEnd: (order: CallOrder) => FarEnd): FakeTelephony {
  const placed: CallOrder[] = [];
  let inProgress = 0;
  const incoming = new Map<string, () => void>();
  let onIncoming: ((call: IncomingCall) => IncomingAnswer) | null = null;

  function place(order: CallOrder, onProgress: (progress: CallProgress) => void) {
    const far = farEnd(order);
    const invitedAt = clock.now();
    let ringingAt: Instant | null = null;
    let answeredAt: Instant | null = null;
    let over = false;
    placed.push(order);
    inProgress += 1;
    const end = (change: Partial<CallEnding>): void => {
      if (over) return;
      over = true;
      inProgress -= 1;
      const times = { invitedAt, ringingAt, answeredAt, endedAt: clock.now() };
      onProgress({ type: "ended", ending: silentEnding(times, change) });
    };
    const ring = (): void => {
      ringingAt = clock.now();
      onProgress({ type: "ringing", at: ringingAt, sipCode: 180, earlyMedia: false });
    };
    const answer = (talkMs: number): void => {
      if (over) return;
      answeredAt = clock.now();
      onProgress({ type: "answered", at: answeredAt, leg: SILENT_LEG });
      clock.schedule(milliseconds(talkMs), () => end({ endedBy: "customer", sipCode: 200 }));
    };
    onProgress({ type: "placed", at: invitedAt, sipCallId: `call-${placed.length}`, trunk: "fake" });
    if (far.does === "refuse") clock.schedule(milliseconds(far.afterMs), () => end({ sipCode: far.sipCode }));
    if (far.does === "answer" || far.does === "ring") {
      ring();
      clock.schedule(order.ringTimeoutMs, () => {
        if (answeredAt === null) end({ endedBy: "us", localCause: "ring-timeout", sipCode: 487 });
      });
    }
    if (far.does === "answer") clock.schedule(milliseconds(far.afterMs), () => answer(far.talkMs));
    return {
      hangUp: () => end({ endedBy: "us", localCause: answeredAt === null ? "hung-up" : null, sipCode: 200 }),
    };
  }

  function endIncoming(onProgress: (progress: CallProgress) => void): void {
    const times = { invitedAt: null, ringingAt: null, answeredAt: null, endedAt: clock.now() };
    onProgress({ type: "ended", ending: silentEnding(times, { endedBy: "customer" }) });
  }

  return {
    placed,
    inProgress: () => inProgress,
    ringIn(call) {
      const sipCallId = call.sipCallId ?? "in-1";
      const coming = {
        trunk: "fake",
        caller: null,
        called: "100",
        hangUp: () => undefined,
        ...call,
        sipCallId,
      };
      const answer = onIncoming?.(coming) ?? null;
      if (answer?.take === true) incoming.set(sipCallId, () => endIncoming(answer.onProgress));
      return answer;
    },
    hangUpIncoming: (sipCallId) => incoming.get(sipCallId)?.(),
    start(handler) {
      onIncoming = handler;
      return Promise.resolve();
    },
    place: (order, _permit, onProgress) => place(order, onProgress),
    mediaLatenessMs: () => 0,
    drain: () => undefined,
    stop: () => Promise.resolve(),
  };
}

/** Dialogs that take `lengthMs` and then want the call ended. */
export function createFakeDialogs(
  clock: Clock,
  lengthMs: number,
): DialogRunner & { readonly orders: readonly DialogOrder[] } {
  const orders: DialogOrder[] = [];
  const said: DialogResult = {
    result: "ok",
    exit: '"up"',
    event: null,
    inputs: 1,
    noInputs: 0,
    noMatches: 0,
    firstPromptMs: milliseconds(40),
    participatedMs: milliseconds(900),
  };
  return {
    orders,
    start: () => Promise.resolve(),
    run(order, _leg, onStep, signal) {
      orders.push(order);
      onStep({ type: "started", at: instant(clock.now()), documentUrl: "fake" });
      onStep({ type: "input", at: instant(clock.now()), field: "choice", mode: "dtmf", value: "2" });
      return new Promise((resolve) => {
        clock.schedule(milliseconds(lengthMs), () => resolve(said));
        signal.addEventListener("abort", () => resolve({ ...said, result: "hangup" }), { once: true });
      });
    },
    stop: () => Promise.resolve(),
  };
}
