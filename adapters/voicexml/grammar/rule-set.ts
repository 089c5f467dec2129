import type { Value } from "../script/realm.ts";
import type { GrammarMode } from "./grammar-mode.ts";

/** The right-hand side of a rule, after its notation (XML or ABNF) was read and before references are followed. */
export type Expansion =
  /** One word or key, as written. */
  | { readonly kind: "token"; readonly text: string }
  | { readonly kind: "sequence"; readonly parts: readonly Expansion[] }
  | { readonly kind: "choice"; readonly alternatives: readonly Expansion[] }
  /** `most` may be infinite. */
  | { readonly kind: "repeat"; readonly least: number; readonly most: number; readonly part: Expansion }
  | { readonly kind: "tag"; readonly text: string }
  /** `uri` without fragment, absolute; null for this grammar. `rule` null: the root rule there. */
  | {
      readonly kind: "reference";
      readonly uri: string | null;
      readonly rule: string | null;
      /** As the author wrote it, for parse trees. */
      readonly written: string;
    }
  | { readonly kind: "void" }
  | { readonly kind: "garbage" };

export type Rule = {
  readonly id: string;
  readonly isPublic: boolean;
  readonly expansion: Expansion;
  /** For built-in types: the value is a function of the tokens, and tags have no part in it. */
  readonly compute: ((tokens: readonly string[]) => Value) | null;
};

/** One grammar document. */
export type RuleSet = {
  /** Where it came from; null when inline or built in. */
  readonly uri: string | null;
  readonly mode: GrammarMode;
  readonly lang: string | null;
  /** Null when none was declared. */
  readonly root: string | null;
  readonly tagFormat: string | null;
  /** Tags of the head: run once before any rule (SISR 1.0 section 5). */
  readonly headTags: readonly string[];
  readonly rules: ReadonlyMap<string, Rule>;
  /** `<meta name content>`; http-equiv ones are not among them. */
  readonly meta: ReadonlyMap<string, string>;
};

export function sequence(parts: readonly Expansion[]): Expansion {
  const [only] = parts;
  return parts.length === 1 && only !== undefined ? only : { kind: "sequence", parts };
}

export function optional(part: Expansion): Expansion {
  return { kind: "repeat", least: 0, most: 1, part };
}

export function choice(alternatives: readonly Expansion[]): Expansion {
  return { kind: "choice", alternatives };
}

export function repeat(part: Expansion, least: number, most: number): Expansion {
  return { kind: "repeat", least, most, part };
}

/** The words of a text, one token each. */
export function words(text: string): Expansion {
  return sequence(splitWords(text).map((word) => ({ kind: "token", text: word })));
}

export function splitWords(text: string): readonly string[] {
  return text.split(/\s+/).filter((word) => word !== "");
}
