import { GrammarError } from "./grammar-error.ts";
import { type Expansion, sequence, words } from "./rule-set.ts";

/** Words of a text in which "double quotes" may hold a token of several words (SRGS 1.0 section 2.1). */
export function quotedWords(text: string): Expansion {
  if (!text.includes('"')) return words(text);
  const pieces = text.split('"');
  if (pieces.length % 2 === 0)
    throw new GrammarError("error.grammar", "grammar: a quotation mark is not closed");
  return sequence(pieces.map(words));
}
