/** English cardinals below a thousand million, as words. */
import { choice, type Expansion, optional, sequence, words } from "./rule-set.ts";

const UNITS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];
const TEENS = [
  "ten",
  "eleven",
  "twelve",
  "thirteen",
  "fourteen",
  "fifteen",
  "sixteen",
  "seventeen",
  "eighteen",
  "nineteen",
];
const TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];
const SCALES: ReadonlyMap<string, number> = new Map([
  ["thousand", 1_000],
  ["million", 1_000_000],
]);

const VALUES: ReadonlyMap<string, number> = new Map([
  ["oh", 0],
  ...UNITS.map((word, index) => [word, index] as const),
  ...TEENS.map((word, index) => [word, index + 10] as const),
  ...TENS.map((word, index) => [word, (index + 2) * 10] as const),
]);

/** One digit, as a word or as itself. */
export const DIGIT_WORD: Expansion = choice([...UNITS, "oh", ..."0123456789".split("")].map(words));

export function digitOf(word: string): string {
  return String(VALUES.get(word.toLowerCase()) ?? word);
}

const NONZERO = choice(UNITS.slice(1).map(words));

/** 1 to 99. */
export const BELOW_HUNDRED: Expansion = choice([
  sequence([choice(TENS.map(words)), optional(NONZERO)]),
  choice(TEENS.map(words)),
  NONZERO,
]);

const BELOW_THOUSAND = choice([
  sequence([NONZERO, words("hundred"), optional(sequence([optional(words("and")), BELOW_HUNDRED]))]),
  sequence([words("a hundred"), optional(sequence([optional(words("and")), BELOW_HUNDRED]))]),
  BELOW_HUNDRED,
]);

const rest = (smaller: Expansion): Expansion => optional(sequence([optional(words("and")), smaller]));
const BELOW_MILLION = choice([
  sequence([BELOW_THOUSAND, words("thousand"), rest(BELOW_THOUSAND)]),
  BELOW_THOUSAND,
]);

/** 0 to 999 999 999. */
export const CARDINAL: Expansion = choice([
  sequence([BELOW_THOUSAND, words("million"), rest(BELOW_MILLION)]),
  BELOW_MILLION,
  words("zero"),
]);

/** The value of a cardinal's words; words that are none ("and") count nothing. */
export function cardinalOf(said: readonly string[]): number {
  let whole = 0;
  let group = 0;
  for (const word of said.map((each) => each.toLowerCase())) {
    const scale = SCALES.get(word);
    if (scale !== undefined) {
      whole += group * scale;
      group = 0;
    } else if (word === "hundred") group *= 100;
    else group += word === "a" ? 1 : (VALUES.get(word) ?? 0);
  }
  return whole + group;
}
