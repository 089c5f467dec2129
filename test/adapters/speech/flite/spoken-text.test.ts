import fc from "fast-check";
import { expect, test } from "vitest";
import {
  isUnspeakable,
  SENTENCE_CHARS_MAX,
  sentences,
} from "../../../../adapters/speech/flite/spoken-text.ts";

test("a text is cut at the ends of sentences, not after a title", () => {
  expect(sentences("Hello. Dr. Smith called! Call J. Doe? Yes.")).toEqual([
    "Hello.",
    "Dr. Smith called!",
    "Call J. Doe?",
    "Yes.",
  ]);
});

test("numbers and times stay whole", () => {
  expect(sentences("It costs $42.50 at 3:45 p.m. today")).toEqual(["It costs $42.50 at 3:45 p.m. today"]);
});

test("accents and typographic signs become plain, currency signs become words", () => {
  expect(sentences("Caf\u00e9 \u201cM\u00fcnchen\u201d \u2013 5 \u20ac")).toEqual([
    'Cafe "Munchen" - 5 euros',
  ]);
});

test("text of letters that can't be spelled is told from text with nothing to say", () => {
  expect(isUnspeakable("\u3053\u3093\u306b\u3061\u306f")).toBe(true);
  expect(isUnspeakable("...")).toBe(false);
  expect(isUnspeakable("Anna \u0410\u043d\u043d\u0430")).toBe(false);
});

test("any text becomes pieces that are plain, short, and without endless words", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme", maxLength: 1_500 }), (text) => {
      for (const piece of sentences(text)) {
        expect(piece).toMatch(/^[\x20-\x7e]+$/);
        expect(piece.length).toBeLessThanOrEqual(SENTENCE_CHARS_MAX);
        expect(Math.max(...piece.split(" ").map((word) => word.length))).toBeLessThanOrEqual(40);
      }
    }),
    { numRuns: 200 },
  );
});

test("a word of 400 letters is broken up, and nothing of it is lost", () => {
  const pieces = sentences("x".repeat(400));
  expect(pieces.join("").replaceAll(" ", "")).toBe("x".repeat(400));
});

test("words survive the cutting in their order", () => {
  const words = fc.array(fc.stringMatching(/^[a-z]{1,12}$/), { minLength: 1, maxLength: 200 });
  fc.assert(
    fc.property(words, (list) => {
      expect(sentences(list.join(" ")).join(" ").split(" ")).toEqual(list);
    }),
    { numRuns: 100 },
  );
});
