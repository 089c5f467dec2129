import { expect, test } from "vitest";
import { createConcealment } from "../../../../adapters/telephony/rtp/concealment.ts";
import { rms, signalToNoiseDb, sine } from "../../../support/audio.ts";

const FRAME = 160;
const VOICE = sine({ hz: 125, ms: 400 });

function frames(from: number, count: number): Int16Array[] {
  return Array.from({ length: count }, (_, i) => VOICE.slice((from + i) * FRAME, (from + i + 1) * FRAME));
}

function lostFrames(conceal: ReturnType<typeof createConcealment>, count: number): Int16Array[] {
  return Array.from({ length: count }, () => {
    const frame = new Int16Array(FRAME).fill(-0x8000);
    conceal.lost(frame);
    return frame;
  });
}

test("I16: a lost frame sounds like the one before, in its pitch, and fades to silence in 60 ms", () => {
  const conceal = createConcealment();
  for (const frame of frames(0, 5)) conceal.good(frame);
  const [first, second, third, fourth] = lostFrames(conceal, 4);
  if (!first || !second || !third || !fourth) throw new Error("four frames were asked for");
  // 125 Hz is 64 samples a period: the replay goes on where the tone stopped.
  expect(signalToNoiseDb(VOICE.slice(5 * FRAME, 5 * FRAME + 40), first.slice(0, 40))).toBeGreaterThan(20);
  const level = rms(VOICE);
  expect(rms(first) / level).toBeGreaterThan(0.8);
  expect(rms(second) / level).toBeLessThan(0.8);
  expect(rms(third) / level).toBeLessThan(0.4);
  expect(rms(fourth)).toBe(0);
});

test("the first good frame is faded in over 4 ms, the rest of it is as it came", () => {
  const conceal = createConcealment();
  for (const frame of frames(0, 5)) conceal.good(frame);
  lostFrames(conceal, 5);
  const [good] = frames(10, 1);
  if (good === undefined) throw new Error("one frame was asked for");
  const heard = good.slice();
  conceal.good(heard);
  expect(heard[0]).toBe(0);
  expect(Math.abs(heard[16] ?? 0)).toBeLessThanOrEqual(Math.abs(good[16] ?? 0));
  expect(heard.slice(32)).toEqual(good.slice(32));
});

test("before anything was heard a lost frame is silence", () => {
  const [lost] = lostFrames(createConcealment(), 1);
  expect(rms(lost ?? VOICE)).toBe(0);
});
