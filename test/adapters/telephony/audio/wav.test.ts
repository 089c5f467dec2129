import fc from "fast-check";
import { expect, test } from "vitest";
import { requireWav, WavError, writeWav } from "../../../../adapters/telephony/audio/wav.ts";

test("what is written as WAV is read again", () => {
  fc.assert(
    fc.property(fc.int16Array(), (samples) => {
      expect(requireWav(writeWav(samples))).toEqual(samples);
    }),
  );
});

test("chunks that nobody knows are skipped, odd sizes padded", () => {
  const plain = writeWav(Int16Array.of(1, -2, 3));
  const extra = Buffer.from("LIST\u0003\0\0\0abc\0", "latin1");
  const file = Buffer.concat([plain.subarray(0, 12), extra, plain.subarray(12)]);
  expect(requireWav(file)).toEqual(Int16Array.of(1, -2, 3));
});

test("a recorder that was killed leaves a file that can be heard to its end", () => {
  const file = writeWav(Int16Array.of(1, 2, 3, 4));
  expect(requireWav(file.subarray(0, file.length - 3))).toEqual(Int16Array.of(1, 2));
});

test("audio of another kind is refused with what was found", () => {
  const file = writeWav(new Int16Array(10));
  file.writeUInt32LE(44_100, 24);
  expect(() => requireWav(file)).toThrow(/44100/);
});

test("no bytes at all make it fail otherwise than by WavError", () => {
  const wav = writeWav(Int16Array.of(1, 2, 3));
  const broken = fc.oneof(
    fc.uint8Array({ maxLength: 100 }),
    fc.tuple(fc.nat(wav.length - 1), fc.nat(255)).map(([at, value]) => {
      const copy = Uint8Array.from(wav);
      copy[at] = value;
      return copy;
    }),
  );
  fc.assert(
    fc.property(broken, (bytes) => {
      try {
        expect(requireWav(Buffer.from(bytes)).length).toBeLessThanOrEqual(3);
      } catch (error) {
        if (!(error instanceof WavError)) throw error;
      }
    }),
  );
});
