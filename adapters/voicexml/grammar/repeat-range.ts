import { GrammarError } from "./grammar-error.ts";

/** Written out, a repeat becomes copies: more than this many can't be meant. */
const REPEAT_MAX = 1_000;

/** "n", "n-m" or "n-" (SRGS 1.0 section 2.5). */
export function parseRepeat(text: string): { readonly least: number; readonly most: number } {
  const found = /^\s*(\d{1,6})\s*(?:(-)\s*(\d{1,6})?)?\s*$/.exec(text);
  if (found === null) throw new GrammarError("error.grammar", "grammar: a repeat is none of n, n-m and n-");
  const least = Number(found[1]);
  const most = openOr(found[2], found[3], least);
  if (most < least) throw new GrammarError("error.grammar", "grammar: a repeat ends below its beginning");
  if (least > REPEAT_MAX || (most > REPEAT_MAX && most !== Number.POSITIVE_INFINITY)) {
    throw new GrammarError("error.grammar", `grammar: a repeat of more than ${REPEAT_MAX}`);
  }
  return { least, most };
}

function openOr(dash: string | undefined, end: string | undefined, least: number): number {
  if (dash === undefined) return least;
  return end === undefined ? Number.POSITIVE_INFINITY : Number(end);
}

/** Weights and probabilities are checked and left alone: the first alternative written is preferred. */
export function parseWeight(text: string | null): void {
  if (text !== null && !/^\s*\+?(?:\d+\.?\d*|\.\d+)\s*$/.test(text)) {
    throw new GrammarError("error.grammar", "grammar: a weight or probability is no positive number");
  }
}
