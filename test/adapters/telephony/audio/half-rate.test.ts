import { expect, test } from "vitest";
import { halveRate } from "../../../../adapters/telephony/audio/half-rate.ts";
import { rms, signalToNoiseDb, sine } from "../../../support/audio.ts";

/** `sine` counts 8,000 samples a second; at 16,000 the same samples sound twice as high. */
function at16kHz(hz: number): Int16Array {
  return sine({ hz: hz / 2, ms: 1_000 });
}

function withoutEdges(samples: Int16Array): Int16Array {
  return samples.subarray(200, -200);
}

test.each([300, 1_000, 3_000, 3_400])("a tone of %i Hz passes unchanged", (hz) => {
  const halved = halveRate(at16kHz(hz));
  expect(halved.length).toBe(4_000);
  const wanted = sine({ hz, ms: 500 });
  expect(signalToNoiseDb(withoutEdges(wanted), withoutEdges(halved))).toBeGreaterThan(40);
});

test.each([4_700, 6_000, 7_900])("a tone of %i Hz does not come back mirrored", (hz) => {
  const tone = at16kHz(hz);
  expect(rms(withoutEdges(halveRate(tone))) / rms(tone)).toBeLessThan(0.002);
});

test("full scale does not wrap", () => {
  const loud = Int16Array.from({ length: 400 }, (_, n) => (n % 80 < 40 ? 32_767 : -32_768));
  const halved = halveRate(loud);
  expect(Math.min(...halved.subarray(3, 17))).toBeGreaterThan(0);
  expect(Math.max(...halved.subarray(23, 37))).toBeLessThan(0);
});

test("nothing stays nothing, and an odd count is rounded up", () => {
  expect(halveRate(new Int16Array(0)).length).toBe(0);
  expect(halveRate(new Int16Array(5)).length).toBe(3);
});
