/** A parse as text, in the form in which W3C's SRGS conformance grammars state the expected one. */
import { type Derivation, derive } from "./derivation.ts";
import type { Grammar } from "./grammar.ts";
import { createRecogniser } from "./recogniser.ts";
import { splitWords } from "./rule-set.ts";
import { normalToken } from "./token.ts";

/** `$main["please","call"]`; inside it `$rule[…]` for rules of this grammar and `$<uri#rule>[…]` for others. Or REJECT. */
export function parseTree(grammar: Grammar, text: string): string {
  const recogniser = createRecogniser(grammar.graph);
  for (const word of splitWords(text)) recogniser.advance(normalToken(word, grammar.mode));
  const derivation = derive(grammar.graph, recogniser);
  return derivation === null ? "REJECT" : written(grammar, derivation, null);
}

function written(grammar: Grammar, derivation: Derivation, reference: string | null): string {
  const parts = derivation.parts.flatMap((part) => {
    if (part.kind === "token") return [JSON.stringify(part.text)];
    return part.kind === "rule" ? [written(grammar, part.derivation, part.written)] : [];
  });
  const name = reference === null ? grammar.graph.rules[derivation.rule]?.id : `<${reference}>`;
  return `$${name}[${parts.join(",")}]`;
}
