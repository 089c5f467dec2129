import { describe, expect, test } from "vitest";
import { dtmfTone } from "../../../../adapters/telephony/audio/dtmf-tone.ts";
import { createToneDetector } from "../../../../adapters/telephony/audio/tone-detector.ts";
import type { Digit } from "../../../../domain/ports/telephony.ts";
import { chirp, joined, sine } from "../../../support/audio.ts";

const ALL: readonly Digit[] = [
  "1",
  "2",
  "3",
  "A",
  "4",
  "5",
  "6",
  "B",
  "7",
  "8",
  "9",
  "C",
  "*",
  "0",
  "#",
  "D",
];

/** In frames of 20 ms, as a call hears it. */
function keysIn(samples: Int16Array): string {
  let keys = "";
  const detector = createToneDetector((key) => {
    keys += key;
  });
  for (let at = 0; at < samples.length; at += 160) detector.hear(samples.subarray(at, at + 160));
  return keys;
}

const pause = (ms: number): Int16Array => new Int16Array(ms * 8);
const cut = (samples: Int16Array, ms: number): Int16Array => samples.subarray(0, ms * 8);
const mixed = (one: Int16Array, other: Int16Array): Int16Array =>
  one.map((sample, n) => sample + (other[n] ?? 0));

describe("keys heard as tones", () => {
  test("K04: all sixteen are told apart, each once, at 50 ms of tone and 50 ms of pause", () => {
    const heard = keysIn(joined(ALL.flatMap((key) => [cut(dtmfTone(key), 50), pause(50)])));
    expect(heard).toBe(ALL.join(""));
  });

  test("the same key pressed twice is two keys, held it is one", () => {
    const five = dtmfTone("5");
    expect(keysIn(joined([five, pause(60), five, pause(60)]))).toBe("55");
    expect(keysIn(joined([five, five, five, five]))).toBe("5");
  });

  test.each([
    { twistDb: -6, heard: "1" },
    { twistDb: 3, heard: "1" },
    { twistDb: -12, heard: "" },
    { twistDb: 8, heard: "" },
  ])("a column $twistDb dB over its row is heard as '$heard' (Q.24)", ({ twistDb, heard }) => {
    const row = sine({ hz: 697, ms: 80, peak: 4_000 });
    const column = sine({ hz: 1_209, ms: 80, peak: 4_000 * 10 ** (twistDb / 20) });
    expect(keysIn(mixed(row, column))).toBe(heard);
  });

  test.each([
    { what: "silence", samples: pause(1_000) },
    { what: "one tone", samples: sine({ hz: 770, ms: 500 }) },
    { what: "a glide", samples: chirp({ fromHz: 200, toHz: 3_000, ms: 1_000 }) },
    { what: "two rows", samples: mixed(sine({ hz: 697, ms: 200 }), sine({ hz: 941, ms: 200 })) },
    { what: "a key too soft to be one", samples: dtmfTone("1").map((sample) => sample / 200) },
    { what: "a tone shorter than two blocks", samples: joined([cut(dtmfTone("1"), 20), pause(100)]) },
  ])("$what is no key", ({ samples }) => {
    expect(keysIn(samples)).toBe("");
  });
});
