/** Keys against all active DTMF grammars at once, one key at a time: a pure library without clock or timers. */
import type { Realm } from "../script/realm.ts";
import { derive, tokensOf } from "./derivation.ts";
import type { Grammar, GrammarMatch } from "./grammar.ts";
import { createRecogniser, type Recogniser } from "./recogniser.ts";
import { interpret } from "./semantics.ts";
import { normalToken } from "./token.ts";

/**
 * What the collector does next:
 * dead: no match, whatever follows. partial: waits for more. complete: a match unless more comes.
 * complete-final: a match, and nothing more can belong to it.
 */
export type DtmfProgress = "dead" | "partial" | "complete" | "complete-final";

export type DtmfMatcher = {
  press(key: string): DtmfProgress;
  /** Whether `key` could be the next token: a `termchar` that could is no terminator. */
  accepts(key: string): boolean;
  /** The match of the first grammar that fits the keys so far; null for none. May throw ScriptError (a bad tag). */
  result(): GrammarMatch | null;
};

/** `grammars` in order of precedence: nearest scope first, then document order. Tags are evaluated in `realm`. */
export function createDtmfMatcher(grammars: readonly Grammar[], realm: Realm | null): DtmfMatcher {
  const running = grammars.map((grammar) => ({ grammar, recogniser: createRecogniser(grammar.graph) }));
  return {
    press(key) {
      for (const { recogniser } of running) recogniser.advance(normalToken(key, "dtmf"));
      return progressOf(running.map(({ recogniser }) => recogniser));
    },
    accepts: (key) => running.some(({ recogniser }) => recogniser.expects(normalToken(key, "dtmf"))),
    result() {
      const first = running.find(({ recogniser }) => recogniser.progress().complete);
      return first === undefined ? null : matchOf(first.grammar, first.recogniser, realm);
    },
  };
}

function progressOf(recognisers: readonly Recogniser[]): DtmfProgress {
  const all = recognisers.map((recogniser) => recogniser.progress());
  const open = all.some((progress) => progress.open);
  if (all.some((progress) => progress.complete)) return open ? "complete" : "complete-final";
  return open ? "partial" : "dead";
}

/** Null when the utterance is not whole. */
export function matchOf(grammar: Grammar, recogniser: Recogniser, realm: Realm | null): GrammarMatch | null {
  const derivation = derive(grammar.graph, recogniser);
  if (derivation === null) return null;
  return {
    grammarId: grammar.id,
    tokens: tokensOf(derivation),
    interpretation: interpret(grammar.graph, derivation, realm),
  };
}
