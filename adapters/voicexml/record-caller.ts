/** Records what the caller says, ended by silence, a key, the longest time or a hang-up (VoiceXML 2.0 2.3.6). */
import { milliseconds } from "../../domain/kernel/time.ts";
import type { Clock } from "../../domain/ports/clock.ts";
import type { CallLeg } from "../../domain/ports/telephony.ts";
import type { RecordOrder } from "./dialog/effects.ts";

const FRAME_MS = 20;
const SAMPLES_PER_MS = 8;
/** Mean magnitude above which a frame counts as speech: about -36 dBFS, over line noise and under a soft voice. */
const SPEECH_LEVEL = 500;
/** If frames stop coming the recording ends this long after its latest possible end. */
const WATCHDOG_SLACK_MS = 5_000;

export type CallerRecording = {
  readonly samples: Int16Array;
  readonly spoke: boolean;
  readonly termchar: string | null;
  readonly maxtime: boolean;
  readonly hangup: boolean;
};

export async function recordCaller(
  order: RecordOrder,
  leg: CallLeg,
  clock: Clock,
  signal: AbortSignal,
): Promise<CallerRecording> {
  if (order.beep) await leg.play([{ samples: BEEP }], { stopOnDigit: false }).ended;
  const frames: Int16Array[] = [];
  let spoke = false;
  let silentMs = 0;
  const { promise, resolve } = Promise.withResolvers<CallerRecording>();
  const end = (why: {
    readonly termchar?: string;
    readonly maxtime?: boolean;
    readonly hangup?: boolean;
  }): void =>
    resolve({
      samples: join(frames),
      spoke,
      termchar: why.termchar ?? null,
      maxtime: why.maxtime ?? false,
      hangup: why.hangup ?? false,
    });
  const stopFrames = leg.onFrame((frame) => {
    frames.push(frame.slice());
    const speech = loudness(frame) >= SPEECH_LEVEL;
    silentMs = speech ? 0 : silentMs + FRAME_MS;
    spoke ||= speech;
    if (frames.length * FRAME_MS >= order.maxMs) end({ maxtime: true });
    else if (spoke ? silentMs >= order.finalSilenceMs : silentMs >= order.timeoutMs) end({});
  });
  const stopDigits = leg.onDigit((digit) => {
    if (order.dtmfTerm) end({ termchar: digit });
  });
  leg.onHangup(() => end({ hangup: true }));
  signal.addEventListener("abort", () => end({ hangup: true }), { once: true });
  const cancel = clock.schedule(milliseconds(order.maxMs + WATCHDOG_SLACK_MS), () => end({ maxtime: true }));
  const recording = await promise;
  cancel();
  stopFrames();
  stopDigits();
  return recording;
}

function loudness(frame: Int16Array): number {
  let sum = 0;
  for (const sample of frame) sum += Math.abs(sample);
  return frame.length === 0 ? 0 : sum / frame.length;
}

function join(frames: readonly Int16Array[]): Int16Array {
  const all = new Int16Array(frames.reduce((sum, frame) => sum + frame.length, 0));
  let at = 0;
  for (const frame of frames) {
    all.set(frame, at);
    at += frame.length;
  }
  return all;
}

/** 300 ms of 1000 Hz. */
const BEEP = Int16Array.from({ length: 300 * SAMPLES_PER_MS }, (_, index) =>
  Math.round(8_000 * Math.sin((2 * Math.PI * 1_000 * index) / 8_000)),
);
