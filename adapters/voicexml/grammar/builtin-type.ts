import type { GrammarMode } from "./grammar-mode.ts";
import type { Rule } from "./rule-set.ts";

export type Builtin = {
  readonly mode: GrammarMode;
  readonly type: string;
  readonly parameters: ReadonlyMap<string, string>;
};

export type BuiltinBody = Pick<Rule, "expansion" | "compute">;
