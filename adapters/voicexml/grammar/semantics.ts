/**
 * What a parse means (SISR 1.0). Tags run in the session's realm, in a scope of their own that is no child of any
 * VoiceXML scope: a grammar can't see a document's variables, and a document can't be written to by a grammar.
 */
import type { Realm, Scope, Value } from "../script/realm.ts";
import { ScriptError } from "../script/script-error.ts";
import { type Derivation, tokensOf } from "./derivation.ts";
import type { Graph, GraphRule } from "./graph.ts";
import { readTag } from "./tag-format.ts";

type Meaning = { readonly value: Value; readonly text: string };
type Work = { readonly graph: Graph; readonly realm: Realm | null };

export function interpret(graph: Graph, derivation: Derivation, realm: Realm | null): Value {
  // Without any tag the whole text is the value: "1234" of a rule of four digits, not the last digit alone.
  if (!isTagged(graph, derivation)) return textOf(graph, tokensOf(derivation));
  return meaningOf({ graph, realm }, derivation).value;
}

function isTagged(graph: Graph, derivation: Derivation): boolean {
  return (
    graph.rules[derivation.rule]?.compute !== null ||
    derivation.parts.some(
      (part) => part.kind === "tag" || (part.kind === "rule" && isTagged(graph, part.derivation)),
    )
  );
}

/** Keys stand close together, words apart. */
function textOf(graph: Graph, tokens: readonly string[]): string {
  return tokens.join(graph.mode === "dtmf" ? "" : " ");
}

function meaningOf(work: Work, derivation: Derivation): Meaning {
  const rule = work.graph.rules[derivation.rule];
  const tokens = tokensOf(derivation);
  const text = textOf(work.graph, tokens);
  if (rule === undefined) return { value: text, text };
  if (rule.compute !== null) return { value: rule.compute(tokens), text };
  return { value: ruleValue(work, derivation, rule, text), text };
}

/**
 * SISR 1.0 section 3.2.3 and 4: the last literal tag, or what scripts leave in `out`; without any tag the value of
 * the last rule referred to, else the matched text.
 */
function ruleValue(work: Work, derivation: Derivation, rule: GraphRule, text: string): Value {
  const tags = derivation.parts.flatMap((part) =>
    part.kind === "tag" ? [readTag(part.text, rule.tagFormat)] : [],
  );
  if (tags.some((tag) => tag.kind === "script") || (rule.headTags.length > 0 && tags.length > 0)) {
    return runTags(work, derivation, rule, text);
  }
  const literal = tags.at(-1);
  if (literal?.kind === "literal") return literal.value;
  const last = derivation.parts.findLast((part) => part.kind === "rule");
  return last === undefined ? text : meaningOf(work, last.derivation).value;
}

function runTags(work: Work, derivation: Derivation, rule: GraphRule, text: string): Value {
  const { realm } = work;
  if (realm === null) throw new ScriptError("script: a grammar's tags need a session to run in");
  const scope = realm.scope(null, "$scope");
  try {
    prepare(realm, scope, rule, text);
    let before: readonly string[] = [];
    for (const part of derivation.parts) {
      if (part.kind === "token") before = [...before, part.text];
      else if (part.kind === "tag")
        runTag(realm, scope, { text: part.text, rule, heard: textOf(work.graph, before) });
      else {
        const id = work.graph.rules[part.derivation.rule]?.id ?? "";
        const meaning = meaningOf(work, part.derivation);
        before = [...before, meaning.text];
        remember(realm, scope, id, meaning);
      }
    }
    return realm.evaluate(scope, "out");
  } finally {
    realm.release(scope);
  }
}

// `$` is the name that `out` had before SISR became a standard, `$$` that of the latest rule's value.
const PREPARE = `
  Object.defineProperty($scope, '$', { get: function () { return out; }, set: function (value) { out = value; } });
  rules.latest = function () { return $latest.value; };
  meta.current = function () { return { text: $current.text, score: 1 }; };
  meta.latest = function () { return { text: $latest.text, score: 1 }; };`;

function prepare(realm: Realm, scope: Scope, rule: GraphRule, text: string): void {
  realm.setValue(scope, "out", {});
  realm.setValue(scope, "rules", {});
  realm.setValue(scope, "meta", {});
  realm.setValue(scope, "$latest", { text: "" });
  realm.setValue(scope, "$current", { text });
  realm.run(scope, PREPARE);
  for (const tag of rule.headTags) realm.run(scope, tag);
}

function remember(realm: Realm, scope: Scope, id: string, { value, text }: Meaning): void {
  const name = id.replace(/[^\p{L}\p{N}_$]/gu, "_");
  realm.setValue(scope, "$latest", { value, text });
  realm.setValue(scope, `rules.${name}`, value);
  realm.setValue(scope, `meta.${name}`, { text, score: 1 });
  realm.setValue(scope, `$${name}`, value);
  realm.setValue(scope, "$$", value);
}

function runTag(
  realm: Realm,
  scope: Scope,
  tag: { readonly text: string; readonly rule: GraphRule; readonly heard: string },
): void {
  const read = readTag(tag.text, tag.rule.tagFormat);
  realm.setValue(scope, "$current.text", tag.heard);
  if (read.kind === "literal") realm.setValue(scope, "out", read.value);
  else realm.run(scope, read.source);
}
