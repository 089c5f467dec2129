/** From a grammar document to something that can be matched against. */
import { buildGraph } from "./build-graph.ts";
import { builtinRules, parseBuiltin } from "./builtin.ts";
import { referencesOf } from "./external-reference.ts";
import type { Grammar } from "./grammar.ts";
import { GrammarError } from "./grammar-error.ts";
import type { RuleSet } from "./rule-set.ts";

/** Of one grammar document's text. */
export const GRAMMAR_BYTES_MAX = 262_144;
/** Grammars that one grammar may bring in, directly or not. */
const REFERENCES_MAX = 50;

export type LoadedRules = ReadonlyMap<string, RuleSet>;

/**
 * `rule` picks a rule other than the root ("#id" of the grammar's address); it must be public. `loaded` holds the
 * grammars referred to, by absolute address: see `missingReferences`. Throws GrammarError.
 */
export function compileGrammar(
  rules: RuleSet,
  options: { readonly id: string; readonly rule?: string | null; readonly loaded?: LoadedRules },
): Grammar {
  const resolve = (uri: string): RuleSet | null =>
    uri.startsWith("builtin:")
      ? builtinRules(parseBuiltin(uri, rules.mode))
      : (options.loaded?.get(uri) ?? null);
  const rule = options.rule ?? null;
  if (rule !== null && rules.rules.get(rule)?.isPublic === false) {
    throw new GrammarError("error.grammar", `grammar: rule "${rule}" is private`);
  }
  return {
    id: options.id,
    mode: rules.mode,
    lang: rules.lang,
    graph: buildGraph(rules, rule, resolve),
  };
}

/**
 * Addresses of grammars that must be fetched and read before `rules` can be compiled. Call again with what was
 * loaded until it is empty.
 */
export function missingReferences(rules: RuleSet, loaded: LoadedRules): readonly string[] {
  const missing = new Set<string>();
  const visited = new Set<RuleSet>([rules]);
  for (const set of visited) {
    if (visited.size > REFERENCES_MAX) {
      throw new GrammarError("error.grammar", `grammar: it brings in more than ${REFERENCES_MAX} others`);
    }
    for (const uri of referencesOf(set)) {
      const known = loaded.get(uri);
      if (known === undefined) missing.add(uri);
      else visited.add(known);
    }
  }
  return [...missing];
}

/** A built-in type by its address ("builtin:dtmf/digits?length=4"). Throws GrammarError error.unsupported.builtin. */
export function compileBuiltin(uri: string, id: string): Grammar {
  const builtin = parseBuiltin(uri, "voice");
  return compileGrammar(builtinRules(builtin), { id });
}
