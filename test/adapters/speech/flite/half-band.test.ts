import { expect, test } from "vitest";
import { halveRate } from "../../../../adapters/speech/flite/half-band.ts";

const RATE_HZ = 16_000;
const LOUD = 10_000;

function tone(hertz: number): Int16Array {
  return Int16Array.from(
    { length: 3_200 },
    (_, index) => LOUD * Math.sin((2 * Math.PI * hertz * index) / RATE_HZ),
  );
}

/** Gain in decibels, away from both ends. */
function gainOf(hertz: number): number {
  const middle = halveRate(tone(hertz)).subarray(100, 1_500);
  const power = middle.reduce((sum, sample) => sum + sample * sample, 0) / middle.length;
  return 10 * Math.log10(power / (LOUD * LOUD * 0.5));
}

test("speech below 3.2 kHz passes unchanged", () => {
  for (const hertz of [100, 300, 1_000, 2_000, 3_000, 3_200])
    expect(Math.abs(gainOf(hertz))).toBeLessThan(0.5);
});

test("what would be folded back into speech is taken away", () => {
  for (const hertz of [5_000, 6_000, 7_000, 7_900]) expect(gainOf(hertz)).toBeLessThan(-40);
});

test("half as many samples come out, rounded up, and silence stays silence", () => {
  expect([halveRate(new Int16Array(5)).length, halveRate(new Int16Array(0)).length]).toEqual([3, 0]);
  expect(Math.max(...halveRate(new Int16Array(64)))).toBe(0);
});
