import type { GrammarMatch } from "../grammar/grammar.ts";
import type { ActiveGrammar } from "./activate.ts";

export type CollectTerms = {
  readonly grammars: readonly ActiveGrammar[];
  /** Of the property; the last prompt queued may say otherwise. */
  readonly timeoutMs: number;
  readonly interdigitMs: number;
  readonly termMs: number;
  /** Empty: none. */
  readonly termChar: string;
  readonly confidenceMin: number;
};

type Heard = {
  readonly match: GrammarMatch;
  readonly mode: "dtmf" | "voice";
  readonly utterance: string;
  readonly confidence: number;
};

export type CollectEnd =
  | { readonly kind: "heard"; readonly heard: Heard }
  | { readonly kind: "no-input" | "no-match" | "hangup" };
