import type { Value } from "../script/realm.ts";
import type { GrammarMode } from "./grammar-mode.ts";
import type { Graph } from "./graph.ts";

export type { GrammarMode } from "./grammar-mode.ts";

/** A grammar ready for matching: keys, recognised words and a recogniser's hints all read this one form. */
export type Grammar = {
  /** Chosen by the caller; comes back in matches. */
  readonly id: string;
  readonly mode: GrammarMode;
  /** BCP 47; null when nobody said, as for keys. */
  readonly lang: string | null;
  readonly graph: Graph;
};

export type GrammarMatch = {
  readonly grammarId: string;
  /** As the grammar writes them, one entry per key or word. */
  readonly tokens: readonly string[];
  /** What the tags say (SISR 1.0); the matched text where no rule on the way has a tag. */
  readonly interpretation: Value;
};
