import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeG711, encodeG711, g711 } from "../../../../adapters/telephony/audio/g711.ts";
import { signalToNoiseDb, sine } from "../../../support/audio.ts";

const LAWS = ["PCMU", "PCMA"] as const;

function encoded(law: (typeof LAWS)[number], samples: Int16Array): Uint8Array {
  const bytes = new Uint8Array(samples.length);
  encodeG711(g711(law), { samples, from: 0, count: samples.length }, { bytes, at: 0 });
  return bytes;
}

test.each(LAWS)("%s: every code survives decoding and encoding, but for the second zero of µ-law", (law) => {
  const codes = Uint8Array.from({ length: 256 }, (_, code) => code);
  const again = encoded(law, decodeG711(g711(law), codes));
  const changed = codes.filter((code) => again[code] !== code);
  expect([...changed]).toEqual(law === "PCMU" ? [0x7f] : []);
});

test("values of ITU-T G.711 are decoded as its tables say", () => {
  const { decoded: mu } = g711("PCMU");
  const { decoded: a } = g711("PCMA");
  expect([mu[0x00], mu[0x80], mu[0xff], mu[0x7f], mu[0xf0]]).toEqual([-32_124, 32_124, 0, 0, 120]);
  expect([a[0x2a], a[0xaa], a[0xd5], a[0x55], a[0x80]]).toEqual([-32_256, 32_256, 8, -8, 5_504]);
});

test.each(LAWS)("%s: a louder sample never becomes a quieter one", (law) => {
  const { decoded, encoded: codes } = g711(law);
  const at = (value: number): number => decoded[codes[value & 0xffff] ?? 0] ?? 0;
  fc.assert(
    fc.property(fc.integer({ min: -32_768, max: 32_766 }), (sample) => {
      expect(at(sample + 1)).toBeGreaterThanOrEqual(at(sample));
    }),
  );
});

test.each(LAWS)("%s: speech level comes back with 35 dB above its noise", (law) => {
  const said = sine({ hz: 1_000, ms: 200 });
  expect(signalToNoiseDb(said, decodeG711(g711(law), encoded(law, said)))).toBeGreaterThan(35);
});

test.each(LAWS)("%s: beyond the end of a clip there is silence", (law) => {
  const bytes = new Uint8Array(4);
  encodeG711(g711(law), { samples: new Int16Array(2), from: 1, count: 4 }, { bytes, at: 0 });
  expect(new Set(bytes)).toEqual(new Set([g711(law).silence]));
});
