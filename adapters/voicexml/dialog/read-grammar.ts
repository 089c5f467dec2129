import type { GrammarMode } from "../grammar/grammar.ts";
import type { RuleSet } from "../grammar/rule-set.ts";
import { DialogEvent } from "./dialog-event.ts";

/** A grammar in the ABNF form of SRGS 1.0. */
export function readText(_text: string, _base: string, _uri: string | null, _mode: GrammarMode): RuleSet {
  throw new DialogEvent(
    "error.unsupported.format",
    "grammars in ABNF form can't be read here yet; write them in XML",
  );
}
