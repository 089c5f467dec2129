import type { BuiltinBody } from "./builtin-type.ts";
import { BELOW_HUNDRED, cardinalOf } from "./english-number.ts";
import { choice, type Expansion, optional, sequence, words } from "./rule-set.ts";

const MONTHS = [
  "january",
  "february",
  "march",
  "april",
  "may",
  "june",
  "july",
  "august",
  "september",
  "october",
  "november",
  "december",
];
const ORDINALS = [
  ..."first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth".split(" "),
  ..."thirteenth fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth twentieth".split(" "),
  ..."first second third fourth fifth sixth seventh eighth ninth".split(" ").map((unit) => `twenty ${unit}`),
  "thirtieth",
  "thirty first",
];

/** "january fifth", "january five twenty twenty six": yyyymmdd, with ???? for a year not said. */
export function dateWords(): BuiltinBody {
  const day = choice([...ORDINALS.map(words), BELOW_HUNDRED]);
  const year = choice([
    sequence([words("two thousand"), optional(sequence([optional(words("and")), BELOW_HUNDRED]))]),
    sequence([words("nineteen"), BELOW_HUNDRED]),
    sequence([words("twenty"), BELOW_HUNDRED]),
  ]);
  const expansion = sequence([choice(MONTHS.map(words)), optional(words("the")), day, optional(year)]);
  return { expansion, compute: (said) => dateOf(said.map((word) => word.toLowerCase())) };
}

function dateOf([month = "", ...rest]: readonly string[]): string {
  const said = rest.filter((word) => word !== "the" && word !== "and");
  const start = yearStart(said);
  const year = start === said.length ? "????" : yearOf(said.slice(start));
  const day = dayOf(said.slice(0, start));
  return `${year}${pad(MONTHS.indexOf(month) + 1)}${pad(day)}`;
}

/** Where the day ends: after the longest stretch that is one. */
function yearStart(said: readonly string[]): number {
  const years = [said.length - 2, said.length - 3, said.length - 4].filter((at) => at >= 1);
  const found = years.filter(
    (at) => /^(?:two|nineteen|twenty)$/.test(said[at] ?? "") && isYear(said.slice(at)),
  );
  return found.find((at) => isDay(said.slice(0, at))) ?? said.length;
}

function isYear(said: readonly string[]): boolean {
  return said[0] === "two" ? said[1] === "thousand" : cardinalOf(said.slice(1)) > 0;
}

function isDay(said: readonly string[]): boolean {
  const day = dayOf(said);
  return day >= 1 && day <= 31;
}

function dayOf(said: readonly string[]): number {
  const ordinal = ORDINALS.indexOf(said.join(" "));
  return ordinal < 0 ? cardinalOf(said) : ordinal + 1;
}

function yearOf(said: readonly string[]): string {
  if (said[1] === "thousand") return String(2000 + cardinalOf(said.slice(2)));
  return String((said[0] === "nineteen" ? 1900 : 2000) + cardinalOf(said.slice(1)));
}

/** "three fifteen p m", "ten o'clock", "noon": hhmmx, with ? where morning and evening were not told apart. */
export function timeWords(): BuiltinBody {
  const half = choice(["a m", "p m", "am", "pm"].map(words));
  const minutes = choice([sequence([words("oh"), BELOW_HUNDRED]), BELOW_HUNDRED, words("o'clock")]);
  const clock: Expansion = sequence([BELOW_HUNDRED, optional(minutes), optional(half)]);
  return {
    expansion: choice([words("noon"), words("midnight"), clock]),
    compute: (said) => timeOf(said.map((word) => word.toLowerCase())),
  };
}

function timeOf(said: readonly string[]): string {
  if (said[0] === "noon") return "1200p";
  if (said[0] === "midnight") return "0000h";
  const { hourWords, minuteWords } = splitClock(said.filter((word) => !/^(?:a|p|m|am|pm)$/.test(word)));
  const hour = cardinalOf(hourWords);
  const half = said.find((word) => /^(?:a|p|am|pm)$/.test(word))?.slice(0, 1);
  const clock = `${pad(hour)}${pad(cardinalOf(minuteWords))}`;
  return `${clock}${half ?? (hour === 0 || hour > 12 ? "h" : "?")}`;
}

/** The hour is one word, or "twenty" with the one to three that make it an hour. */
function splitClock(said: readonly string[]): {
  readonly hourWords: readonly string[];
  readonly minuteWords: readonly string[];
} {
  const long = said[0] === "twenty" && /^(?:one|two|three)$/.test(said[1] ?? "") && said.length !== 2;
  const at = long ? 2 : 1;
  return { hourWords: said.slice(0, at), minuteWords: said.slice(at) };
}

function pad(value: number): string {
  return String(value).padStart(2, "0");
}
