/** What must hold before a graph is matched against: no left recursion, no recursion without end, no dead ends. */
import { GrammarError } from "./grammar-error.ts";
import type { Edge, Graph, GraphRule, State } from "./graph.ts";

export function checkRecursion(graph: Graph): void {
  const nullable = nullableRules(graph);
  const state = new Map<number, "open" | "closed">();
  for (const start of graph.rules.keys()) visitCalls(graph, start, nullable, state);
}

/** Depth first without recursion of ours; a rule met again while it is open calls itself before any token. */
function visitCalls(
  graph: Graph,
  start: number,
  nullable: ReadonlySet<number>,
  state: Map<number, "open" | "closed">,
): void {
  if (state.has(start)) return;
  state.set(start, "open");
  const path = [{ rule: start, calls: leftmostCalls(graph, start, nullable).values() }];
  for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
    const next = top.calls.next();
    if (next.done === true) {
      state.set(top.rule, "closed");
      path.pop();
    } else if (state.get(next.value) === "open") {
      throw new GrammarError(
        "error.grammar",
        `grammar: rule "${graph.rules[next.value]?.id}" is left recursive`,
      );
    } else if (!state.has(next.value)) {
      state.set(next.value, "open");
      path.push({ rule: next.value, calls: leftmostCalls(graph, next.value, nullable).values() });
    }
  }
}

/** Takes away edges from which the end of the rule can't be reached, so that a key they await is refused at once. */
export function pruneDeadEnds(graph: Graph): Graph {
  const { ending, finishing } = reachable(graph);
  const endless = graph.rules.find((_, index) => !ending.has(index) && !meetsVoid(graph));
  if (endless !== undefined) {
    throw new GrammarError("error.grammar", `grammar: rule "${endless.id}" recurs without end`);
  }
  const leads = (edge: Edge): boolean =>
    finishing.has(edge.to) && (edge.kind !== "call" || ending.has(edge.rule));
  return { ...graph, states: graph.states.map((state) => ({ ...state, edges: state.edges.filter(leads) })) };
}

/** Rules that can end, and states from which the end of their rule can be reached. */
function reachable(graph: Graph): { ending: ReadonlySet<number>; finishing: ReadonlySet<number> } {
  const ending = new Set<number>();
  const finishing = new Set<number>(graph.rules.map((rule) => rule.end));
  const waiting = graph.states.map((): number[] => []);
  const pending = [...finishing];
  const callers = new Map<number, number[]>();
  for (const [from, state] of graph.states.entries()) {
    for (const edge of state.edges) {
      waiting[edge.to]?.push(from);
      if (edge.kind === "call") callersOf(callers, edge.rule).push(from);
    }
  }
  const starts = new Map(graph.rules.map((rule, index) => [rule.start, index]));
  for (let at = pending.pop(); at !== undefined; at = pending.pop()) {
    const rule = starts.get(at);
    const revived = rule === undefined || ending.has(rule) ? [] : (callers.get(rule) ?? []);
    if (rule !== undefined) ending.add(rule);
    for (const from of [...(waiting[at] ?? []), ...revived]) {
      if (!finishing.has(from) && canStep(graph.states[from], finishing, ending)) {
        finishing.add(from);
        pending.push(from);
      }
    }
  }
  return { ending, finishing };
}

function callersOf(callers: Map<number, number[]>, rule: number): number[] {
  const known = callers.get(rule);
  if (known !== undefined) return known;
  const made: number[] = [];
  callers.set(rule, made);
  return made;
}

function canStep(
  state: State | undefined,
  finishing: ReadonlySet<number>,
  ending: ReadonlySet<number>,
): boolean {
  return (
    state?.edges.some((edge) => finishing.has(edge.to) && (edge.kind !== "call" || ending.has(edge.rule))) ??
    false
  );
}

// A rule that ends nowhere because of VOID is meant so.
function meetsVoid(graph: Graph): boolean {
  return graph.states.some((state) => state.edges.length === 0 && state.ends === null);
}

function nullableRules(graph: Graph): ReadonlySet<number> {
  const nullable = new Set<number>();
  for (let before = -1; before !== nullable.size; ) {
    before = nullable.size;
    for (const [index, rule] of graph.rules.entries()) {
      if (!nullable.has(index) && silentStates(graph, rule, nullable).has(rule.end)) nullable.add(index);
    }
  }
  return nullable;
}

/** States of a rule that are reached before any token. */
function silentStates(graph: Graph, rule: GraphRule, nullable: ReadonlySet<number>): ReadonlySet<number> {
  const found = new Set([rule.start]);
  for (const at of found) {
    for (const edge of graph.states[at]?.edges ?? []) {
      const free =
        edge.kind === "skip" || edge.kind === "tag" || (edge.kind === "call" && nullable.has(edge.rule));
      if (free) found.add(edge.to);
    }
  }
  return found;
}

function leftmostCalls(graph: Graph, index: number, nullable: ReadonlySet<number>): readonly number[] {
  const rule = graph.rules[index];
  if (rule === undefined) return [];
  return [...silentStates(graph, rule, nullable)].flatMap((at) =>
    (graph.states[at]?.edges ?? []).flatMap((edge) => (edge.kind === "call" ? [edge.rule] : [])),
  );
}
