import { expect, test } from "vitest";
import { dtmfTone } from "../../../../adapters/telephony/audio/dtmf-tone.ts";
import { rms } from "../../../support/audio.ts";

function powerAt(samples: Int16Array, hz: number): number {
  let real = 0;
  let imaginary = 0;
  for (const [n, sample] of samples.entries()) {
    real += sample * Math.cos((2 * Math.PI * hz * n) / 8_000);
    imaginary += sample * Math.sin((2 * Math.PI * hz * n) / 8_000);
  }
  return Math.hypot(real, imaginary) / samples.length;
}

test.each([
  ["1", 697, 1_209],
  ["5", 770, 1_336],
  ["#", 941, 1_477],
  ["D", 941, 1_633],
] as const)("key %s sounds as Q.23 says", (key, row, column) => {
  const tone = dtmfTone(key);
  expect(tone.length).toBe(800);
  expect(powerAt(tone, row)).toBeGreaterThan(3_500);
  expect(powerAt(tone, column)).toBeGreaterThan(3_500);
  expect(powerAt(tone, 1_050)).toBeLessThan(400);
  expect(rms(tone)).toBeLessThan(10_000);
});
