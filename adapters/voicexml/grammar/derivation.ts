/** The one reading of a recognised utterance: the first, in the order in which the grammar writes its alternatives. */
import type { Edge, Graph } from "./graph.ts";
import type { Recogniser } from "./recogniser.ts";

type DerivationPart =
  | { readonly kind: "token"; readonly text: string; readonly heard: string }
  | { readonly kind: "tag"; readonly text: string }
  | { readonly kind: "rule"; readonly derivation: Derivation; readonly written: string | null };

export type Derivation = {
  /** Index in the graph. */
  readonly rule: number;
  readonly parts: readonly DerivationPart[];
};

/** Null when the recogniser has not seen a whole utterance. */
export function derive(graph: Graph, recogniser: Recogniser): Derivation | null {
  if (!recogniser.progress().complete) return null;
  return readRule({ graph, recogniser, hopeless: new Set() }, graph.root, 0, recogniser.tokens.length);
}

type Reading = { readonly graph: Graph; readonly recogniser: Recogniser; readonly hopeless: Set<string> };
type Goal = { readonly end: number; readonly to: number };
/** Reversed list: sharing tails keeps every step constant in cost. */
type Trail = { readonly part: DerivationPart; readonly before: Trail } | null;

function readRule(reading: Reading, rule: number, from: number, to: number): Derivation | null {
  const placed = reading.graph.rules[rule];
  if (placed === undefined) return null;
  const goal: Goal = { end: placed.end, to };
  const trail = walk(reading, goal, placed.start, from, null);
  return trail === undefined ? null : { rule, parts: unwind(trail) };
}

/** Undefined: no way from this state at this position to the goal. */
function walk(reading: Reading, goal: Goal, state: number, at: number, trail: Trail): Trail | undefined {
  if (state === goal.end && at === goal.to) return trail;
  // Tried before, or being tried: a way that comes back here without having read anything is no way.
  const key = `${state} ${at} ${goal.to}`;
  if (reading.hopeless.has(key)) return undefined;
  reading.hopeless.add(key);
  for (const edge of reading.graph.states[state]?.edges ?? []) {
    const found = follow(reading, goal, edge, at, trail);
    if (found !== undefined) {
      // Another caller of the same rule may pass here again.
      reading.hopeless.delete(key);
      return found;
    }
  }
  return undefined;
}

function follow(reading: Reading, goal: Goal, edge: Edge, at: number, trail: Trail): Trail | undefined {
  if (edge.kind === "skip") return walk(reading, goal, edge.to, at, trail);
  if (edge.kind === "call") return followCall(reading, goal, edge, at, trail);
  if (edge.kind !== "tag") return followToken(reading, goal, edge, at, trail);
  return walk(reading, goal, edge.to, at, { part: { kind: "tag", text: edge.text }, before: trail });
}

function followToken(
  reading: Reading,
  goal: Goal,
  edge: Extract<Edge, { kind: "token" | "any" }>,
  at: number,
  trail: Trail,
): Trail | undefined {
  const heard = reading.recogniser.tokens[at];
  if (heard === undefined || at >= goal.to) return undefined;
  if (edge.kind === "token" && edge.normal !== heard) return undefined;
  const text = edge.kind === "token" ? edge.text : heard;
  return walk(reading, goal, edge.to, at + 1, { part: { kind: "token", text, heard }, before: trail });
}

/** The called rule takes as many tokens as it can. */
function followCall(
  reading: Reading,
  goal: Goal,
  edge: Extract<Edge, { kind: "call" }>,
  at: number,
  trail: Trail,
): Trail | undefined {
  for (let to = goal.to; to >= at; to -= 1) {
    if (!reading.recogniser.spans(edge.rule, at, to)) continue;
    const derivation = readRule(reading, edge.rule, at, to);
    if (derivation === null) continue;
    const found = walk(reading, goal, edge.to, to, {
      part: { kind: "rule", derivation, written: edge.written },
      before: trail,
    });
    if (found !== undefined) return found;
  }
  return undefined;
}

function unwind(trail: Trail): readonly DerivationPart[] {
  const parts: DerivationPart[] = [];
  for (let at = trail; at !== null; at = at.before) parts.push(at.part);
  return parts.toReversed();
}

/** What was matched, in the grammar's own spelling. */
export function tokensOf(derivation: Derivation): readonly string[] {
  return derivation.parts.flatMap((part) => {
    if (part.kind === "token") return [part.text];
    return part.kind === "rule" ? tokensOf(part.derivation) : [];
  });
}
