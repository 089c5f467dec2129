import fc from "fast-check";
import { expect, test } from "vitest";
import { parseAudio } from "../../../../adapters/voicexml/audio-clip.ts";
import { writeWave } from "../../../../adapters/voicexml/write-wave.ts";

test("what is written as a wave file is read back sample for sample", () => {
  fc.assert(
    fc.property(fc.int16Array({ maxLength: 500 }), (samples) => {
      expect(parseAudio(writeWave(samples), "audio/x-wav")?.samples).toEqual(samples);
    }),
  );
});

test("mu-law, as audio/basic and inside a wave file, gives the same loudness", () => {
  const codes = new Uint8Array([0xff, 0x80, 0x00, 0x7f]);
  // G.711: 0xff and 0x7f are silence, 0x80 and 0x00 the largest values of either sign.
  expect(parseAudio(codes, "audio/basic")?.samples).toEqual(new Int16Array([0, 32_124, -32_124, 0]));
  const wave = writeWave(new Int16Array(2));
  wave.set(codes, 44);
  new DataView(wave.buffer).setUint16(20, 7, true);
  new DataView(wave.buffer).setUint16(34, 8, true);
  expect(parseAudio(wave, null)?.samples).toEqual(new Int16Array([0, 32_124, -32_124, 0]));
});

test("16 kHz is brought down to the telephone's 8", () => {
  const wave = writeWave(new Int16Array([100, 300, -100, -300]));
  new DataView(wave.buffer).setUint32(24, 16_000, true);
  expect(parseAudio(wave, null)?.samples).toEqual(new Int16Array([200, -200]));
});

test("arbitrary bytes are no audio or some, never an exception", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), fc.boolean(), (bytes, asWave) => {
      const given = asWave
        ? new Uint8Array([...writeWave(new Int16Array(3)).subarray(0, 36), ...bytes])
        : bytes;
      const clip = parseAudio(given, null);
      expect(clip === null || clip.samples instanceof Int16Array).toBe(true);
    }),
  );
});
