import { GrammarError } from "./grammar-error.ts";
import type { Expansion, RuleSet } from "./rule-set.ts";

type Reference = Extract<Expansion, { kind: "reference" }>;

/** A rule reference's target: the fragment names the rule, what stands before it the grammar. */
export function resolveReference(text: string, baseUri: string): Reference {
  const hash = text.indexOf("#");
  const place = hash < 0 ? text : text.slice(0, hash);
  const rule = hash < 0 ? null : text.slice(hash + 1);
  if (rule === "" || (place === "" && rule === null)) {
    throw new GrammarError("error.grammar", "grammar: a rule reference names nothing");
  }
  return { kind: "reference", uri: place === "" ? null : absolute(place, baseUri), rule, written: text };
}

function absolute(place: string, baseUri: string): string {
  if (place.startsWith("builtin:")) return place;
  const url = URL.parse(place, baseUri === "" ? undefined : baseUri);
  if (url === null)
    throw new GrammarError("error.badfetch", "grammar: a rule reference is no usable address");
  return url.href;
}

/** The other grammars that a grammar refers to directly, without built-in ones. */
export function referencesOf(set: RuleSet): readonly string[] {
  const found = new Set<string>();
  for (const rule of set.rules.values()) collect(rule.expansion, found);
  return [...found].filter((uri) => uri !== set.uri && !uri.startsWith("builtin:"));
}

function collect(expansion: Expansion, into: Set<string>): void {
  if (expansion.kind === "reference" && expansion.uri !== null) into.add(expansion.uri);
  else if (expansion.kind === "sequence") for (const part of expansion.parts) collect(part, into);
  else if (expansion.kind === "choice") for (const part of expansion.alternatives) collect(part, into);
  else if (expansion.kind === "repeat") collect(expansion.part, into);
}
