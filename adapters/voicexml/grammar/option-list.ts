/** Grammars that VoiceXML writes itself: of `<option>` lists, `<choice>` texts and `dtmf` attributes. */
import { buildGraph } from "./build-graph.ts";
import type { Grammar } from "./grammar.ts";
import type { GrammarMode } from "./grammar-mode.ts";
import { choice, type Expansion, optional, type RuleSet, sequence, splitWords, words } from "./rule-set.ts";

export type Option = {
  /** Keys, with or without white space between them; null for none. */
  readonly dtmf: string | null;
  /** What to say; null or blank for none. */
  readonly phrase: string | null;
  /** What the grammar's match means. */
  readonly value: string;
  /** `approximate` accepts a part of the words, in their order (VoiceXML 2.0 section 2.2.5). */
  readonly accept: "exact" | "approximate";
};

/** The option grammar of one mode; null when no option can be given in it. Throws GrammarError for what is no key. */
export function compileOptions(options: readonly Option[], mode: GrammarMode, id: string): Grammar | null {
  const alternatives = options.flatMap((option) => {
    const said = mode === "dtmf" ? keys(option.dtmf) : phrase(option);
    return said === null ? [] : [sequence([said, { kind: "tag", text: option.value }])];
  });
  if (alternatives.length === 0) return null;
  const rules = literalRules(choice(alternatives), mode);
  return { id, mode, lang: null, graph: buildGraph(rules, null, () => null) };
}

function keys(dtmf: string | null): Expansion | null {
  if (dtmf === null || dtmf.trim() === "") return null;
  return sequence(
    dtmf
      .replace(/\s+/g, "")
      .split("")
      .map((key) => ({ kind: "token", text: key })),
  );
}

function phrase({ phrase: text, accept }: Option): Expansion | null {
  const said = splitWords((text ?? "").replace(/[.,;:!?"]+/g, " ").toLowerCase());
  if (said.length === 0) return null;
  return accept === "exact" ? words(said.join(" ")) : someOf(said);
}

/** Any of the words, at least one, in their order: the first one said picks the alternative. */
function someOf(said: readonly string[]): Expansion {
  return choice(
    said.map((word, index) =>
      sequence([words(word), ...said.slice(index + 1).map((later) => optional(words(later)))]),
    ),
  );
}

function literalRules(expansion: Expansion, mode: GrammarMode): RuleSet {
  return {
    uri: null,
    mode,
    lang: null,
    root: "options",
    tagFormat: "semantics/1.0-literals",
    headTags: [],
    rules: new Map([["options", { id: "options", isPublic: true, expansion, compute: null }]]),
    meta: new Map(),
  };
}
