import { parseXml } from "../../../../adapters/voicexml/document/parse-xml.ts";
import { compileGrammar } from "../../../../adapters/voicexml/grammar/compile-grammar.ts";
import { createDtmfMatcher, type DtmfProgress } from "../../../../adapters/voicexml/grammar/dtmf-matcher.ts";
import type { Grammar, GrammarMatch } from "../../../../adapters/voicexml/grammar/grammar.ts";
import type { RuleSet } from "../../../../adapters/voicexml/grammar/rule-set.ts";
import { readSrgsXml } from "../../../../adapters/voicexml/grammar/srgs-xml.ts";
import type { Realm } from "../../../../adapters/voicexml/script/realm.ts";

/** A grammar element around `rules`. */
export function rulesOf(rules: string, attributes = 'mode="dtmf" root="r"'): RuleSet {
  const text = `<grammar xmlns="http://www.w3.org/2001/06/grammar" version="1.0" ${attributes}>${rules}</grammar>`;
  return readSrgsXml(parseXml(text, "http://localhost/g.grxml"), null);
}

export function compiled(rules: string, attributes?: string): Grammar {
  return compileGrammar(rulesOf(rules, attributes), { id: "g" });
}

/** What the matcher says after each key, and what it has at the end. */
export function pressed(
  grammars: Grammar | readonly Grammar[],
  keys: string,
  realm: Realm | null = null,
): { readonly states: readonly DtmfProgress[]; readonly match: GrammarMatch | null } {
  const matcher = createDtmfMatcher("graph" in grammars ? [grammars] : grammars, realm);
  const states = keys.split("").map((key) => matcher.press(key));
  return { states, match: matcher.result() };
}

export function lastState(grammars: Grammar | readonly Grammar[], keys: string): DtmfProgress | undefined {
  return pressed(grammars, keys).states.at(-1);
}
