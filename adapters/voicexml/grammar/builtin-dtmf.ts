import type { Builtin, BuiltinBody } from "./builtin-type.ts";
import { digitsLength } from "./digits-length.ts";
import { GrammarError } from "./grammar-error.ts";
import { choice, type Expansion, optional, repeat, sequence, words } from "./rule-set.ts";
import { isKey } from "./token.ts";

/** Amounts and numbers longer than this are typing errors. */
const NUMBER_DIGITS_MAX = 15;
const PHONE_DIGITS_MAX = 20;
const EXTENSION_DIGITS_MAX = 8;

const DIGIT = anyOf("0123456789");

/** Keys of a built-in type (VoiceXML 2.0 appendix P): what may be pressed, and the value it gives. */
export function dtmfBuiltin({ type, parameters }: Builtin): BuiltinBody {
  switch (type) {
    case "boolean":
      return booleanKeys(parameters);
    case "digits": {
      const { least, most } = digitsLength(parameters);
      return { expansion: repeat(DIGIT, least, most), compute: joined };
    }
    case "date":
      return { expansion: sequence([repeat(DIGIT, 4, 4), twoOf(1, 12), twoOf(1, 31)]), compute: joined };
    case "currency":
      return { expansion: withFraction(2), compute: amount };
    case "number":
      return {
        expansion: withFraction(NUMBER_DIGITS_MAX),
        compute: (keys) => keys.join("").replace("*", "."),
      };
    case "phone":
      return { expansion: phoneKeys(), compute: (keys) => keys.join("").replace("*", "x") };
    default:
      return { expansion: sequence([twoOf(0, 23), twoOf(0, 59)]), compute: clockTime };
  }
}

function booleanKeys(parameters: ReadonlyMap<string, string>): BuiltinBody {
  const yes = parameters.get("y") ?? "1";
  const no = parameters.get("n") ?? "2";
  if (!isKey(yes) || !isKey(no) || yes === no) {
    throw new GrammarError(
      "error.unsupported.builtin",
      "grammar: built-in type boolean: y and n must be two keys",
    );
  }
  return { expansion: choice([words(yes), words(no)]), compute: ([key]) => key === yes };
}

/** The star is the decimal point. */
function withFraction(most: number): Expansion {
  const whole = repeat(DIGIT, 1, NUMBER_DIGITS_MAX);
  const fraction = repeat(DIGIT, 1, most);
  return choice([
    sequence([whole, optional(sequence([words("*"), optional(fraction)]))]),
    sequence([words("*"), fraction]),
  ]);
}

/** The star is the "x" of an extension. */
function phoneKeys(): Expansion {
  const extension = sequence([words("*"), repeat(DIGIT, 1, EXTENSION_DIGITS_MAX)]);
  return sequence([repeat(DIGIT, 1, PHONE_DIGITS_MAX), optional(extension)]);
}

/** Two digits from `least` to `most`. */
function twoOf(least: number, most: number): Expansion {
  const all: Expansion[] = [];
  for (let value = least; value <= most; value += 1)
    all.push(words(String(value).padStart(2, "0").split("").join(" ")));
  return choice(all);
}

function anyOf(keys: string): Expansion {
  return choice(keys.split("").map(words));
}

function joined(keys: readonly string[]): string {
  return keys.join("");
}

/** "mm.nn"; no currency, since a key can't say which. */
function amount(keys: readonly string[]): string {
  const [whole = "", fraction = ""] = keys.join("").split("*");
  return `${whole === "" ? "0" : whole}.${fraction.padEnd(2, "0")}`;
}

/** "hhmmx": h for the 24 hour clock, ? where the keys don't tell morning from evening. */
function clockTime(keys: readonly string[]): string {
  const text = keys.join("");
  const hour = Number(text.slice(0, 2));
  return `${text}${hour === 0 || hour > 12 ? "h" : "?"}`;
}
