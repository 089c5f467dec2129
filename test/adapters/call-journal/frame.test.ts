import fc from "fast-check";
import { expect, test } from "vitest";
import { encodeFrame, type JournalChange, scanFrames } from "../../../adapters/call-journal/frame.ts";

const text = fc.string({ unit: "binary", maxLength: 30 }).filter((candidate) => candidate.isWellFormed());
const change: fc.Arbitrary<JournalChange> = fc.oneof(
  fc.tuple(fc.constant("put" as const), text, text),
  fc.tuple(fc.constant("remove" as const), text),
);
const frames = fc.array(fc.array(change, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 5 });

test("whatever was written is read again", () => {
  fc.assert(
    fc.property(frames, (written) => {
      const file = Buffer.concat(written.map(encodeFrame));
      expect(scanFrames(file)).toEqual({ changes: written.flat(), goodBytes: file.length, corruptAt: null });
    }),
  );
});

test("of a file that was cut anywhere, exactly the whole frames are read", () => {
  fc.assert(
    fc.property(frames, fc.nat(), (written, cut) => {
      const encoded = written.map(encodeFrame);
      const file = Buffer.concat(encoded);
      const length = cut % (file.length + 1);
      const scan = scanFrames(file.subarray(0, length));
      let end = 0;
      const whole = encoded.filter((frame) => {
        end += frame.length;
        return end <= length;
      });
      expect(scan.changes).toEqual(written.slice(0, whole.length).flat());
      expect(scan.corruptAt).toBeNull();
    }),
  );
});

test("one changed byte is never read as if it were right", () => {
  fc.assert(
    fc.property(frames, fc.nat(), fc.integer({ min: 1, max: 255 }), (written, place, flip) => {
      const encoded = written.map(encodeFrame);
      const file = Buffer.concat(encoded);
      const at = place % file.length;
      file[at] = (file[at] ?? 0) ^ flip;
      const scan = scanFrames(file);
      expect(scan.goodBytes).toBeLessThanOrEqual(at);
      // Damage in the last frame looks like a torn write; before that, it is corruption at that frame.
      const inLast = at >= file.length - (encoded.at(-1)?.length ?? 0);
      expect(scan.corruptAt === null).toBe(inLast);
    }),
  );
});

test("any bytes at all are read without a throw", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      expect(scanFrames(Buffer.from(bytes)).goodBytes).toBeLessThanOrEqual(bytes.length);
    }),
  );
});
