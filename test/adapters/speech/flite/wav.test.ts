import { expect, test } from "vitest";
import { parseWav } from "../../../../adapters/speech/flite/wav.ts";

function wav(samples: readonly number[], channels = 1): Uint8Array {
  const bytes = new Uint8Array(44 + samples.length * 2);
  const view = new DataView(bytes.buffer);
  bytes.set(new TextEncoder().encode("RIFF"), 0);
  bytes.set(new TextEncoder().encode("WAVE"), 8);
  view.setUint16(22, channels, true);
  view.setUint32(24, 16_000, true);
  view.setUint16(34, 16, true);
  for (const [index, sample] of samples.entries()) view.setInt16(44 + index * 2, sample, true);
  return bytes;
}

test("rate and samples of a mono WAV are read", () => {
  expect(parseWav(wav([1, -2, 32_767]))).toEqual({
    rateHz: 16_000,
    samples: Int16Array.from([1, -2, 32_767]),
  });
});

test("stereo, a short file and anything else are no such WAV", () => {
  expect(parseWav(wav([1], 2))).toBeNull();
  expect(parseWav(wav([1]).subarray(0, 40))).toBeNull();
  expect(parseWav(new Uint8Array(100))).toBeNull();
});
