import type { Value } from "../script/realm.ts";
import type { GrammarMode } from "./grammar-mode.ts";

/**
 * The one form of a compiled grammar: numbered states, each with its edges in order of preference, and rules as
 * stretches of states that call each other. Built by `buildGraph`, frozen, shared by sessions.
 */
export type Graph = {
  readonly mode: GrammarMode;
  readonly states: readonly State[];
  readonly rules: readonly GraphRule[];
  /** Index of the root rule. */
  readonly root: number;
};

export type State = {
  readonly edges: readonly Edge[];
  /** The rule that ends here, or null. */
  readonly ends: number | null;
};

export type Edge =
  | { readonly kind: "skip"; readonly to: number }
  /** `normal` is compared, `text` reported. */
  | { readonly kind: "token"; readonly normal: string; readonly text: string; readonly to: number }
  /** GARBAGE: whatever token comes. */
  | { readonly kind: "any"; readonly to: number }
  | { readonly kind: "tag"; readonly text: string; readonly to: number }
  /** `written`: the reference as its author wrote it, where it leads to another grammar. */
  | { readonly kind: "call"; readonly rule: number; readonly written: string | null; readonly to: number };

export type GraphRule = {
  readonly id: string;
  /** Null inside the grammar that was activated. */
  readonly uri: string | null;
  readonly start: number;
  readonly end: number;
  readonly tagFormat: string | null;
  readonly headTags: readonly string[];
  readonly compute: ((tokens: readonly string[]) => Value) | null;
};
