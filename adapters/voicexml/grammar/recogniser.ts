/**
 * Earley's method over a graph, token by token: all ways to read the tokens so far are held at once as a set of
 * (state, where its rule began). It needs no look-ahead and copes with every grammar, in time bounded by states times
 * positions; and it knows after each key whether the utterance is complete, may go on, or is lost.
 */
import type { Edge, Graph } from "./graph.ts";

/** Work for one token: breached only by grammars whose ambiguity grows with every key. */
const STEPS_PER_TOKEN_MAX = 20_000;
const TOKENS_MAX = 500;

type Progress = {
  /** The tokens so far are a whole utterance of the grammar. */
  readonly complete: boolean;
  /** More tokens could follow. */
  readonly open: boolean;
};

export type Recogniser = {
  /** False when the token doesn't fit (the recogniser is then lost for good) or costs too much. */
  advance(token: string): boolean;
  progress(): Progress;
  /** Whether `token` could come next. */
  expects(token: string): boolean;
  /** Rule `rule`, begun at `from`, was seen to end at `to` (positions between tokens). */
  spans(rule: number, from: number, to: number): boolean;
  readonly tokens: readonly string[];
};

type Item = { readonly state: number; readonly origin: number };

type Column = {
  readonly items: Item[];
  readonly seen: Set<number>;
  /** By rule: where to go on once it ends, of items that called it here. */
  readonly callers: Map<number, Item[]>;
  /** Rules that ended here, by rule and origin. */
  readonly ended: Set<number>;
};

export function createRecogniser(graph: Graph): Recogniser {
  const columns: Column[] = [];
  const tokens: string[] = [];
  const ruleCount = graph.rules.length;
  let lost = false;
  let steps = 0;

  const last = (): Column | undefined => (lost ? undefined : columns.at(-1));
  const edgesOf = (item: Item): readonly Edge[] => graph.states[item.state]?.edges ?? [];

  function add(column: Column, state: number, origin: number): void {
    const key = origin * graph.states.length + state;
    if (column.seen.has(key)) return;
    column.seen.add(key);
    column.items.push({ state, origin });
  }

  /** Follows everything that needs no token. False when it takes too many steps. */
  function close(column: Column, position: number): boolean {
    // The array grows while it is walked: that is the agenda.
    for (const item of column.items) {
      for (const edge of edgesOf(item)) {
        steps += 1;
        if (edge.kind === "skip" || edge.kind === "tag") add(column, edge.to, item.origin);
        else if (edge.kind === "call") call(column, position, item, edge);
      }
      end(column, position, item);
      if (steps > STEPS_PER_TOKEN_MAX) return false;
    }
    return true;
  }

  function call(column: Column, position: number, item: Item, edge: Extract<Edge, { kind: "call" }>): void {
    const back: Item = { state: edge.to, origin: item.origin };
    const callers = column.callers.get(edge.rule);
    if (callers === undefined) column.callers.set(edge.rule, [back]);
    else callers.push(back);
    const start = graph.rules[edge.rule]?.start;
    if (start !== undefined) add(column, start, position);
    // The rule may have ended here without a token before this caller came.
    if (column.ended.has(position * ruleCount + edge.rule)) add(column, back.state, back.origin);
  }

  function end(column: Column, position: number, item: Item): void {
    const rule = graph.states[item.state]?.ends ?? null;
    if (rule === null) return;
    column.ended.add(item.origin * ruleCount + rule);
    const home = item.origin === position ? column : columns[item.origin];
    for (const back of home?.callers.get(rule) ?? []) {
      steps += 1;
      add(column, back.state, back.origin);
    }
  }

  function push(column: Column): boolean {
    steps = 0;
    const fits = column.items.length > 0 && close(column, columns.length);
    columns.push(column);
    lost = lost || !fits;
    return fits;
  }

  const first = emptyColumn();
  const start = graph.rules[graph.root]?.start;
  if (start !== undefined) add(first, start, 0);
  push(first);

  return {
    tokens,
    advance(token) {
      const from = last();
      if (from === undefined || tokens.length >= TOKENS_MAX) {
        lost = true;
        return false;
      }
      tokens.push(token);
      const next = emptyColumn();
      for (const item of from.items) {
        for (const edge of edgesOf(item)) if (takes(edge, token)) add(next, edge.to, item.origin);
      }
      return push(next);
    },
    progress() {
      const column = last();
      if (column === undefined) return { complete: false, open: false };
      return {
        complete: column.ended.has(graph.root),
        open: column.items.some((item) =>
          edgesOf(item).some(({ kind }) => kind === "token" || kind === "any"),
        ),
      };
    },
    expects: (token) =>
      last()?.items.some((item) => edgesOf(item).some((edge) => takes(edge, token))) ?? false,
    spans: (rule, from, to) => columns[to]?.ended.has(from * ruleCount + rule) ?? false,
  };
}

function takes(edge: Edge, token: string): boolean {
  return edge.kind === "any" || (edge.kind === "token" && edge.normal === token);
}

function emptyColumn(): Column {
  return { items: [], seen: new Set(), callers: new Map(), ended: new Set() };
}
