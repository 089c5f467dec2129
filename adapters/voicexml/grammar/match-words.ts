import type { Realm } from "../script/realm.ts";
import { matchOf } from "./dtmf-matcher.ts";
import type { Grammar, GrammarMatch } from "./grammar.ts";
import { createRecogniser } from "./recogniser.ts";
import { splitWords } from "./rule-set.ts";
import { normalToken } from "./token.ts";

/**
 * What recognised text means: the match of the first grammar, in order of precedence, that the whole text fits; null
 * for none. May throw ScriptError (a bad tag).
 */
export function matchWords(
  grammars: readonly Grammar[],
  text: string,
  realm: Realm | null,
): GrammarMatch | null {
  const words = splitWords(text);
  for (const grammar of grammars) {
    const recogniser = createRecogniser(grammar.graph);
    const fits = words.every((word) => recogniser.advance(normalToken(word, grammar.mode)));
    const match = fits ? matchOf(grammar, recogniser, realm) : null;
    if (match !== null) return match;
  }
  return null;
}
