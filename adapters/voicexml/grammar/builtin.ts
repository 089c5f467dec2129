/** The built-in types of VoiceXML 2.0 appendix P, for keys and for English words. */
import { dtmfBuiltin } from "./builtin-dtmf.ts";
import type { Builtin } from "./builtin-type.ts";
import { voiceBuiltin } from "./builtin-voice.ts";
import { GrammarError } from "./grammar-error.ts";
import type { GrammarMode } from "./grammar-mode.ts";
import type { Rule, RuleSet } from "./rule-set.ts";

const KNOWN: ReadonlyMap<string, readonly string[]> = new Map([
  ["boolean", ["y", "n"]],
  ["digits", ["minlength", "maxlength", "length"]],
  ["date", []],
  ["currency", []],
  ["number", []],
  ["phone", []],
  ["time", []],
]);
const ADDRESS = /^builtin:(?:(dtmf|grammar)\/)?([a-z]+)(?:\?(.*))?$/i;

/** "builtin:dtmf/digits?minlength=3;maxlength=5"; without "dtmf/" or "grammar/" it is of `mode`. */
export function parseBuiltin(uri: string, mode: GrammarMode): Builtin {
  const found = ADDRESS.exec(uri);
  const type = found?.[2]?.toLowerCase() ?? "";
  const allowed = KNOWN.get(type);
  if (allowed === undefined) throw unsupported("no such built-in type");
  const parameters = parseParameters(found?.[3] ?? "");
  for (const name of parameters.keys()) {
    if (!allowed.includes(name)) throw unsupported(`built-in type ${type} has no such parameter`);
  }
  const said = found?.[1]?.toLowerCase();
  return { mode: said === undefined ? mode : said === "dtmf" ? "dtmf" : "voice", type, parameters };
}

export function builtinRules(builtin: Builtin): RuleSet {
  const { expansion, compute } = builtin.mode === "dtmf" ? dtmfBuiltin(builtin) : voiceBuiltin(builtin);
  const rule: Rule = { id: builtin.type, isPublic: true, expansion, compute };
  return {
    // Its own address: two uses of a type with other parameters are other rules.
    uri: `builtin:${builtin.mode}/${builtin.type}?${[...builtin.parameters].join(";")}`,
    mode: builtin.mode,
    lang: builtin.mode === "dtmf" ? null : "en",
    root: rule.id,
    tagFormat: null,
    headTags: [],
    rules: new Map([[rule.id, rule]]),
    meta: new Map(),
  };
}

function parseParameters(text: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const piece of text.split(/[;&]/).filter((part) => part.trim() !== "")) {
    const [name, value, ...rest] = piece.split("=");
    if (name === undefined || value === undefined || rest.length > 0 || found.has(name.trim())) {
      throw unsupported("built-in parameters are not name=value, each once");
    }
    found.set(name.trim(), value.trim());
  }
  return found;
}

function unsupported(what: string): GrammarError {
  return new GrammarError("error.unsupported.builtin", `grammar: ${what}`);
}
