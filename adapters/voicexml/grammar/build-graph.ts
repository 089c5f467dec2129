/** Follows references, from the root rule outwards, and lays every rule reached into one graph. */
import { GrammarError } from "./grammar-error.ts";
import type { Edge, Graph, GraphRule } from "./graph.ts";
import { checkRecursion, pruneDeadEnds } from "./graph-checks.ts";
import type { Expansion, Rule, RuleSet } from "./rule-set.ts";
import { isKey, normalToken } from "./token.ts";

/** After repeats are written out. */
const STATES_MAX = 10_000;
const NESTING_MAX = 100;

/** Another grammar, already fetched and read; null when it could not be had. */
export type ResolveRules = (uri: string) => RuleSet | null;

type Draft = { readonly edges: Edge[]; ends: number | null };
type Building = {
  readonly states: Draft[];
  readonly rules: GraphRule[];
  readonly indexes: Map<string, number>;
  readonly pending: { readonly set: RuleSet; readonly rule: Rule; readonly index: number }[];
  readonly home: RuleSet;
  readonly resolve: ResolveRules;
};

/** `rootId` null: the grammar's own root rule. Throws GrammarError for whatever can't be matched. */
export function buildGraph(home: RuleSet, rootId: string | null, resolve: ResolveRules): Graph {
  const building: Building = { states: [], rules: [], indexes: new Map(), pending: [], home, resolve };
  const root = reserve(building, home, requireRule(home, rootId, true));
  for (let next = building.pending.shift(); next !== undefined; next = building.pending.shift()) {
    layRule(building, next);
  }
  const graph: Graph = { mode: home.mode, states: building.states, rules: building.rules, root };
  checkRecursion(graph);
  return pruneDeadEnds(graph);
}

function requireRule(set: RuleSet, id: string | null, own: boolean): Rule {
  const wanted = id ?? set.root ?? soleRule(set);
  if (wanted === null) throw new GrammarError("error.grammar", "grammar: it names no root rule");
  const rule = set.rules.get(wanted);
  if (rule === undefined) throw new GrammarError("error.grammar", `grammar: rule "${wanted}" is not defined`);
  if (!own && id !== null && !rule.isPublic) {
    throw new GrammarError("error.grammar", `grammar: rule "${wanted}" of another grammar is private`);
  }
  return rule;
}

// SRGS 1.0 section 4.7 makes a grammar without root unusable by implicit reference; with only one rule there is no doubt.
function soleRule(set: RuleSet): string | null {
  const [first, ...others] = set.rules.keys();
  return first !== undefined && others.length === 0 ? first : null;
}

/** The index of a rule, its two ends made; its inside is laid later. */
function reserve(building: Building, set: RuleSet, rule: Rule): number {
  const key = `${set === building.home ? "" : set.uri}#${rule.id}`;
  const known = building.indexes.get(key);
  if (known !== undefined) return known;
  const index = building.rules.length;
  building.indexes.set(key, index);
  const start = addState(building);
  const end = addState(building);
  draftAt(building, end).ends = index;
  building.rules.push({
    id: rule.id,
    uri: set === building.home ? null : set.uri,
    start,
    end,
    tagFormat: set.tagFormat,
    headTags: set.headTags,
    compute: rule.compute,
  });
  building.pending.push({ set, rule, index });
  return index;
}

function layRule(building: Building, { set, rule, index }: Building["pending"][number]): void {
  const placed = building.rules[index];
  if (placed !== undefined) lay({ building, set, depth: 0 }, rule.expansion, placed.start, placed.end);
}

type Place = { readonly building: Building; readonly set: RuleSet; readonly depth: number };

function lay(place: Place, expansion: Expansion, from: number, to: number): void {
  if (place.depth > NESTING_MAX) throw tooBig(`nested deeper than ${NESTING_MAX}`);
  const inner: Place = { ...place, depth: place.depth + 1 };
  const edges = draftAt(place.building, from).edges;
  switch (expansion.kind) {
    case "token":
      layToken(place, expansion.text, from, to);
      return;
    case "sequence":
      layChain(inner, expansion.parts, from, to);
      return;
    case "choice":
      for (const alternative of expansion.alternatives) {
        const start = addState(place.building);
        edges.push({ kind: "skip", to: start });
        lay(inner, alternative, start, to);
      }
      return;
    case "repeat":
      layRepeat(inner, expansion, from, to);
      return;
    case "tag":
      edges.push({ kind: "tag", text: expansion.text, to });
      return;
    case "reference":
      edges.push({
        kind: "call",
        rule: target(place, expansion),
        written: expansion.uri === null ? null : expansion.written,
        to,
      });
      return;
    case "garbage":
      layGarbage(place.building, from, to);
      return;
    case "void":
      return;
  }
}

// "12" as one DTMF token is not SRGS, but it is what people write, and it can only mean the two keys.
function layToken({ building, set }: Place, text: string, from: number, to: number): void {
  const whole = normalToken(text, set.mode);
  const normals = set.mode === "dtmf" && whole.length > 1 ? whole.split("") : [whole];
  if (set.mode === "dtmf" && !normals.every(isKey)) {
    throw new GrammarError("error.grammar", "grammar: a DTMF grammar holds a token that is no key");
  }
  let at = from;
  for (const [index, normal] of normals.entries()) {
    const next = index === normals.length - 1 ? to : addState(building);
    draftAt(building, at).edges.push({
      kind: "token",
      normal,
      text: normals.length > 1 ? normal : text,
      to: next,
    });
    at = next;
  }
}

function layChain(place: Place, parts: readonly Expansion[], from: number, to: number): void {
  if (parts.length === 0) {
    draftAt(place.building, from).edges.push({ kind: "skip", to });
    return;
  }
  let at = from;
  for (const [index, part] of parts.entries()) {
    const next = index === parts.length - 1 ? to : addState(place.building);
    lay(place, part, at, next);
    at = next;
  }
}

function layRepeat(
  place: Place,
  { part, least, most }: Extract<Expansion, { kind: "repeat" }>,
  from: number,
  to: number,
): void {
  const { building } = place;
  let at = from;
  const copy = (): void => {
    // Each copy begins in a state of its own, so that what precedes it can't be entered again.
    const start = addState(building);
    const next = addState(building);
    draftAt(building, at).edges.push({ kind: "skip", to: start });
    lay(place, part, start, next);
    at = next;
  };
  for (let copies = 0; copies < least; copies += 1) copy();
  if (most === Number.POSITIVE_INFINITY) {
    const loop = addState(building);
    const body = addState(building);
    draftAt(building, at).edges.push({ kind: "skip", to: loop });
    draftAt(building, loop).edges.push({ kind: "skip", to: body }, { kind: "skip", to });
    lay(place, part, body, loop);
    return;
  }
  for (let copies = least; copies < most; copies += 1) {
    const leave = at;
    copy();
    draftAt(building, leave).edges.push({ kind: "skip", to });
  }
  draftAt(building, at).edges.push({ kind: "skip", to });
}

/** Any tokens, as few as will do. */
function layGarbage(building: Building, from: number, to: number): void {
  const loop = addState(building);
  draftAt(building, from).edges.push({ kind: "skip", to: loop });
  draftAt(building, loop).edges.push({ kind: "skip", to }, { kind: "any", to: loop });
}

function target({ building, set }: Place, reference: Extract<Expansion, { kind: "reference" }>): number {
  if (reference.uri === null || reference.uri === set.uri) {
    return reserve(building, set, requireRule(set, reference.rule, true));
  }
  const other = building.resolve(reference.uri);
  if (other === null) {
    throw new GrammarError("error.badfetch", "grammar: another grammar that it refers to could not be had");
  }
  if (other.mode !== building.home.mode) {
    throw new GrammarError(
      "error.grammar",
      `grammar: of mode ${building.home.mode}, refers to one of mode ${other.mode}`,
    );
  }
  return reserve(building, other, requireRule(other, reference.rule, false));
}

function addState(building: Building): number {
  if (building.states.length >= STATES_MAX) throw tooBig(`more than ${STATES_MAX} states`);
  return building.states.push({ edges: [], ends: null }) - 1;
}

function draftAt(building: Building, index: number): Draft {
  const draft = building.states[index];
  if (draft === undefined) throw new RangeError(`grammar: no state ${index}`);
  return draft;
}

function tooBig(how: string): GrammarError {
  return new GrammarError("error.grammar", `grammar: too big: ${how}; make repeats or alternatives fewer`);
}
