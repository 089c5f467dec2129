/** The telephone network around one life of a server, and dialogs that take their time. */
import { requestOfOffer } from "../../domain/kernel/identifiers.ts";
import type { PhoneNumber } from "../../domain/kernel/phone-number.ts";
import { type Instant, milliseconds } from "../../domain/kernel/time.ts";
import type { DialogResult, DialogRunner } from "../../domain/ports/dialog-runner.ts";
import type {
  CallEnding,
  CallOrder,
  CallProgress,
  IncomingAnswer,
  IncomingCall,
  Telephony,
} from "../../domain/ports/telephony.ts";
import { SILENT_LEG, silentEnding } from "../support/silent-call.ts";
import type { CallTruth, TrueCall } from "./call-truth.ts";
import type { Dice } from "./dice.ts";
import type { Incarnation } from "./incarnation.ts";
import { clockOf } from "./process-clock.ts";
import type { Timeline } from "./timeline.ts";

export type NetworkWorld = {
  readonly timeline: Timeline;
  readonly dice: Dice;
  readonly truth: CallTruth;
  /** Looked at when an INVITE leaves, before anything else happens. */
  readonly onInvite: (call: TrueCall, order: CallOrder) => void;
  readonly onIncoming: (call: TrueCall) => void;
};

export type SimTelephony = Telephony & {
  ringIn(caller: PhoneNumber | null, talkMs: number): void;
};

type FarEnd = { readonly does: "answer" | "ring" | "refuse"; readonly sipCode: number };

/** Out of ten: six answer, one is busy, one does not answer, one declines, one meets a broken trunk. */
const FAR_ENDS: readonly FarEnd[] = [
  ...Array.from({ length: 6 }, (): FarEnd => ({ does: "answer", sipCode: 200 })),
  { does: "refuse", sipCode: 486 },
  { does: "ring", sipCode: 487 },
  { does: "refuse", sipCode: 603 },
  { does: "refuse", sipCode: 503 },
];

export function createSimTelephony(world: NetworkWorld, life: Incarnation, server: string): SimTelephony {
  const { timeline, dice, truth } = world;
  const clock = clockOf(timeline, life);
  let onCall: ((call: IncomingCall) => IncomingAnswer) | null = null;

  function place(order: CallOrder, onProgress: (progress: CallProgress) => void) {
    const invitedAt = clock.now();
    let ringingAt: Instant | null = null;
    let answeredAt: Instant | null = null;
    let over = false;
    const call: TrueCall = {
      offer: order.offer,
      request: requestOfOffer(order.offer),
      server,
      life,
      number: order.to,
      beganAt: timeline.now(),
      answeredAt: null,
      endedAt: null,
    };
    const end = (change: Partial<CallEnding>): void => {
      if (over || !life.alive) return;
      over = true;
      call.endedAt = timeline.now();
      const times = { invitedAt, ringingAt, answeredAt, endedAt: clock.now() };
      onProgress({ type: "ended", ending: silentEnding(times, change) });
    };
    if (order.callBefore <= invitedAt) {
      timeline.at(0, life, () => {
        const times = { invitedAt: null, ringingAt, answeredAt, endedAt: clock.now() };
        onProgress({
          type: "ended",
          ending: silentEnding(times, { endedBy: "us", localCause: "too-late" }),
        });
      });
      return { hangUp: () => undefined };
    }
    truth.calls.push(call);
    world.onInvite(call, order);
    const far = dice.pick(FAR_ENDS);
    const sipCallId = `call-${truth.calls.length}`;
    timeline.at(0, life, () => {
      if (!over) onProgress({ type: "placed", at: invitedAt, sipCallId, trunk: "simulated" });
    });
    if (far.does === "refuse") {
      timeline.at(dice.between(50, 1_000), life, () => end({ sipCode: far.sipCode }));
    } else {
      timeline.at(dice.between(20, 500), life, () => {
        if (over) return;
        ringingAt = clock.now();
        onProgress({ type: "ringing", at: ringingAt, sipCode: 180, earlyMedia: false });
      });
      timeline.at(order.ringTimeoutMs, life, () => {
        if (answeredAt === null) end({ endedBy: "us", localCause: "ring-timeout", sipCode: 487 });
      });
    }
    if (far.does === "answer") {
      timeline.at(dice.between(500, 4_000), life, () => {
        if (over) return;
        answeredAt = clock.now();
        call.answeredAt = timeline.now();
        onProgress({ type: "answered", at: answeredAt, leg: SILENT_LEG });
        timeline.at(order.maxSessionMs, life, () => end({ endedBy: "us", localCause: "session-limit" }));
        if (dice.happens(0.3)) {
          timeline.at(dice.between(100, 5_000), life, () => end({ endedBy: "customer", sipCode: 200 }));
        }
      });
    }
    const hangUp = (): void => {
      timeline.at(dice.between(0, 100), life, () =>
        end({ endedBy: "us", localCause: answeredAt === null ? "hung-up" : null, sipCode: 200 }),
      );
    };
    return { hangUp };
  }

  function ringIn(caller: PhoneNumber | null, talkMs: number): void {
    let over = false;
    const call: TrueCall = {
      offer: null,
      request: null,
      server,
      life,
      number: caller,
      beganAt: timeline.now(),
      answeredAt: null,
      endedAt: null,
    };
    const beganAt = clock.now();
    let finish: (() => void) | null = null;
    const sipCallId = `in-${truth.calls.length}`;
    const hangUp = (): void => void timeline.at(0, life, () => finish?.());
    const answer = onCall?.({ sipCallId, trunk: "simulated", caller, called: "100", hangUp }) ?? null;
    if (answer === null || !answer.take) return;
    truth.calls.push(call);
    world.onIncoming(call);
    finish = () => {
      if (over) return;
      over = true;
      call.endedAt = timeline.now();
      const times = { invitedAt: beganAt, ringingAt: null, answeredAt: beganAt, endedAt: clock.now() };
      answer.onProgress({ type: "ended", ending: silentEnding(times, { endedBy: "customer" }) });
    };
    timeline.at(0, life, () => answer.onProgress({ type: "answered", at: clock.now(), leg: SILENT_LEG }));
    timeline.at(talkMs, life, finish);
  }

  return {
    ringIn,
    start(handler) {
      onCall = handler;
      return Promise.resolve();
    },
    place: (order, _permit, onProgress) => place(order, onProgress),
    mediaLatenessMs: () => 0,
    drain: () => undefined,
    stop: () => Promise.resolve(),
  };
}

/** Most dialogs are over in seconds; some last for longer than it takes to give a silent server up. */
function talkMsOf(dice: Dice): number {
  return dice.happens(0.15) ? dice.between(10_000, 40_000) : dice.between(200, 6_000);
}

export function createSimDialogs(timeline: Timeline, dice: Dice, life: Incarnation): DialogRunner {
  const clock = clockOf(timeline, life);
  const said: Omit<DialogResult, "result"> = {
    exit: '"up"',
    event: null,
    inputs: 1,
    noInputs: 0,
    noMatches: 0,
    firstPromptMs: milliseconds(40),
    participatedMs: milliseconds(900),
  };
  return {
    start: () => Promise.resolve(),
    stop: () => Promise.resolve(),
    run: (_order, _leg, onStep, signal) =>
      new Promise((resolve) => {
        onStep({ type: "started", at: clock.now(), documentUrl: "simulated" });
        if (dice.happens(0.5)) {
          onStep({ type: "input", at: clock.now(), field: "choice", mode: "dtmf", value: "2" });
        }
        timeline.at(talkMsOf(dice), life, () => resolve({ ...said, result: "ok" }));
        signal.addEventListener("abort", () => resolve({ ...said, result: "hangup" }), { once: true });
      }),
  };
}
