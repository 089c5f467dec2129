/** W3C's SRGS 1.0 grammars: each states in its `meta` what is said (in.N) and how it is to be parsed (out.N). */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { parseXml } from "../../adapters/voicexml/document/parse-xml.ts";
import { compileGrammar, missingReferences } from "../../adapters/voicexml/grammar/compile-grammar.ts";
import { GrammarError } from "../../adapters/voicexml/grammar/grammar-error.ts";
import { parseTree } from "../../adapters/voicexml/grammar/parse-tree.ts";
import type { RuleSet } from "../../adapters/voicexml/grammar/rule-set.ts";
import { isAbnf, readSrgsAbnf } from "../../adapters/voicexml/grammar/srgs-abnf.ts";
import { readSrgsXml } from "../../adapters/voicexml/grammar/srgs-xml.ts";
import { companionGrammar } from "./srgs-companions.ts";

export type GrammarLine = { readonly file: string; readonly passed: boolean; readonly reason: string };

const BASE_URL = "http://localhost/srgs/";

/** Every grammar of the folders below `folder` whose name begins with "srgs". */
export function runGrammars(folder: string): readonly GrammarLine[] {
  const suites = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name.startsWith("srgs"))
    .map((entry) => entry.name)
    .toSorted();
  return suites.flatMap((suite) => {
    const files = readdirSync(join(folder, suite)).filter((name) => /\.(gram|grxml)$/.test(name));
    return files.toSorted().map((file) => runFile(join(folder, suite), `${suite}/${file}`));
  });
}

function runFile(folder: string, file: string): GrammarLine {
  try {
    const rules = readText(readFileSync(join(folder, basename(file)), "utf8"), BASE_URL + basename(file));
    const wanted = [...rules.meta].filter(([name]) => /^in\.\d+$/.test(name));
    if (wanted.length === 0) return { file, passed: false, reason: "states nothing to say (meta in.1)" };
    for (const [name, said] of wanted) {
      const expected = rules.meta.get(name.replace("in", "out"));
      const got = parsed(folder, rules, said);
      if (got === "REJECT" && mayReject(rules, name)) continue;
      if (got !== expected) return { file, passed: false, reason: `"${said}": ${got}, not ${expected}` };
    }
    return { file, passed: true, reason: `${wanted.length} parsed as stated` };
  } catch (error) {
    return { file, passed: false, reason: String(error) };
  }
}

/** Some inputs use what a processor need not know; W3C's own note beside them says that to refuse is right too. */
function mayReject(rules: RuleSet, input: string): boolean {
  return /^\s*may be rejected/.test(rules.meta.get(input.replace("in", "info")) ?? "");
}

function readText(text: string, url: string): RuleSet {
  return isAbnf(text) ? readSrgsAbnf(text, url, url) : readSrgsXml(parseXml(text, url), url);
}

/** By the root rule or, beside it, any other public one; a grammar that can't be used hears nothing. */
function parsed(folder: string, rules: RuleSet, said: string): string {
  const loaded = new Map<string, RuleSet>();
  try {
    for (let missing = missingReferences(rules, loaded); missing.length > 0; ) {
      for (const url of missing) loaded.set(url, readText(textOf(folder, url), url));
      missing = missingReferences(rules, loaded);
    }
    const others = [...rules.rules.values()].filter((rule) => rule.isPublic && rule.id !== rules.root);
    for (const rule of [null, ...others.map(({ id }) => id)]) {
      const tree = parseTree(compileGrammar(rules, { id: "srgs", rule, loaded }), said);
      if (tree !== "REJECT") return tree;
    }
  } catch (error) {
    if (!(error instanceof GrammarError)) throw error;
  }
  return "REJECT";
}

function textOf(folder: string, url: string): string {
  const name = basename(new URL(url).pathname);
  const file = join(folder, name);
  const text = existsSync(file) ? readFileSync(file, "utf8") : companionGrammar(name);
  if (text === null) throw new Error(`refers to ${name}, which is neither stored nor written anew`);
  return text;
}
