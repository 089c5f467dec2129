import { GrammarError } from "./grammar-error.ts";

/** How many digits `digits` may take; most is 100 where the author sets no end. */
const DIGITS_MAX = 100;

export type DigitsLength = { readonly least: number; readonly most: number };

/** From minlength, maxlength and length (VoiceXML 2.0 appendix P). Throws error.unsupported.builtin for nonsense. */
export function digitsLength(parameters: ReadonlyMap<string, string>): DigitsLength {
  const exact = count(parameters.get("length"));
  const least = count(parameters.get("minlength"));
  const most = count(parameters.get("maxlength"));
  if (exact !== null && ((least !== null && least > exact) || (most !== null && most < exact))) {
    throw nonsense("length contradicts minlength or maxlength");
  }
  const range = { least: exact ?? least ?? 1, most: exact ?? most ?? Math.max(DIGITS_MAX, least ?? 0) };
  if (range.least > range.most) throw nonsense("minlength is above maxlength");
  if (range.most > DIGITS_MAX) throw nonsense(`more than ${DIGITS_MAX} digits`);
  return range;
}

function count(text: string | undefined): number | null {
  if (text === undefined) return null;
  if (!/^[1-9]\d{0,3}$/.test(text)) throw nonsense("a length is no positive whole number");
  return Number(text);
}

function nonsense(what: string): GrammarError {
  return new GrammarError("error.unsupported.builtin", `grammar: built-in type digits: ${what}`);
}
