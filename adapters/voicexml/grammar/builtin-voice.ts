import { dateWords, timeWords } from "./builtin-calendar.ts";
import type { Builtin, BuiltinBody } from "./builtin-type.ts";
import { digitsLength } from "./digits-length.ts";
import { CARDINAL, cardinalOf, DIGIT_WORD, digitOf } from "./english-number.ts";
import { choice, type Expansion, optional, repeat, sequence, words } from "./rule-set.ts";

const YES = ["yes", "yeah", "yep", "yes please", "sure", "true"];
const NO = ["no", "nope", "no thanks", "no thank you", "false"];
const NUMBER_DIGITS_MAX = 15;
const PHONE_DIGITS_MAX = 20;
const CURRENCIES: ReadonlyMap<string, string> = new Map([
  ["dollar", "USD"],
  ["dollars", "USD"],
  ["euro", "EUR"],
  ["euros", "EUR"],
  ["pound", "GBP"],
  ["pounds", "GBP"],
]);
const SMALL = ["cent", "cents", "pence", "penny"];

/** English words of a built-in type (VoiceXML 2.0 appendix P), and the value that they give. */
export function voiceBuiltin({ type, parameters }: Builtin): BuiltinBody {
  switch (type) {
    case "boolean":
      return {
        expansion: oneOf([...YES, ...NO]),
        compute: (said) => YES.includes(said.join(" ").toLowerCase()),
      };
    case "digits": {
      const { least, most } = digitsLength(parameters);
      return { expansion: repeat(DIGIT_WORD, least, most), compute: digits };
    }
    case "date":
      return dateWords();
    case "currency":
      return { expansion: currencyWords(), compute: amount };
    case "number":
      return { expansion: numberWords(), compute: number };
    case "phone":
      return {
        expansion: sequence([
          repeat(DIGIT_WORD, 1, PHONE_DIGITS_MAX),
          optional(sequence([words("extension"), repeat(DIGIT_WORD, 1, 8)])),
        ]),
        compute: (said) =>
          said.map((word) => (word.toLowerCase() === "extension" ? "x" : digitOf(word))).join(""),
      };
    default:
      return timeWords();
  }
}

function numberWords(): Expansion {
  const fraction = sequence([words("point"), repeat(DIGIT_WORD, 1, NUMBER_DIGITS_MAX)]);
  const sign = oneOf(["minus", "negative", "plus"]);
  const plain = repeat(choice("0123456789".split("").map(words)), 1, NUMBER_DIGITS_MAX);
  return sequence([optional(sign), choice([CARDINAL, plain]), optional(fraction)]);
}

function number(said: readonly string[]): string {
  const lower = said.map((word) => word.toLowerCase());
  const sign = lower[0] === "minus" || lower[0] === "negative" ? "-" : "";
  const point = lower.indexOf("point");
  const whole = (point < 0 ? lower : lower.slice(0, point)).filter(
    (word) => !/^(?:minus|negative|plus)$/.test(word),
  );
  const value = whole.every((word) => /^\d$/.test(word)) ? whole.join("") : String(cardinalOf(whole));
  return `${sign}${value}${point < 0 ? "" : `.${digits(lower.slice(point + 1))}`}`;
}

function currencyWords(): Expansion {
  const small = sequence([CARDINAL, oneOf(SMALL)]);
  const big = sequence([CARDINAL, oneOf([...CURRENCIES.keys()])]);
  const both = sequence([big, optional(words("and")), CARDINAL, optional(oneOf(SMALL))]);
  return choice([both, big, small]);
}

/** "UUUmm.nn", without the currency where only its hundredths were named. */
function amount(said: readonly string[]): string {
  const lower = said.map((word) => word.toLowerCase());
  const at = lower.findIndex((word) => CURRENCIES.has(word));
  const unit = CURRENCIES.get(lower[at] ?? "") ?? "";
  const hundredths = cardinalOf(lower.slice(at + 1));
  const whole = cardinalOf(at < 0 ? [] : lower.slice(0, at)) + Math.floor(hundredths / 100);
  return `${unit}${whole}.${String(hundredths % 100).padStart(2, "0")}`;
}

function digits(said: readonly string[]): string {
  return said.map(digitOf).join("");
}

function oneOf(phrases: readonly string[]): Expansion {
  return choice(phrases.map(words));
}
