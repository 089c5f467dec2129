/** Reads the ABNF form of SRGS 1.0: not the ABNF of RFC 5234, which is another language. */
import { type Cursor, isSign, peek, readAlternatives, refused } from "./abnf-expansion.ts";
import { type AbnfToken, abnfTokens } from "./abnf-tokens.ts";
import { GrammarError } from "./grammar-error.ts";
import type { GrammarMode } from "./grammar-mode.ts";
import type { Rule, RuleSet } from "./rule-set.ts";

const CHARS_MAX = 262_144;
// SRGS 1.0 section 4.1. The encoding is left out by many, W3C's own files among them.
const HEADER = /^\uFEFF?#ABNF\s+1\.0(?:\s+[\w.:-]+)?\s*;/;

type Head = {
  mode: GrammarMode;
  lang: string | null;
  root: string | null;
  tagFormat: string | null;
  readonly headTags: string[];
  readonly meta: Map<string, string>;
};

/** Whether a text says of itself that it is of this form. */
export function isAbnf(text: string): boolean {
  return /^\uFEFF?\s*#ABNF\b/.test(text);
}

/** `baseUri` resolves references; `uri` is where the grammar came from, null when inline. Throws GrammarError. */
export function readSrgsAbnf(
  text: string,
  baseUri: string,
  uri: string | null,
  mode: GrammarMode = "voice",
): RuleSet {
  if (text.length > CHARS_MAX)
    throw new GrammarError("error.grammar", `grammar: more than ${CHARS_MAX} characters`);
  const header = HEADER.exec(text.trimStart());
  if (header === null) throw new GrammarError("error.grammar", "grammar: line 1: no #ABNF 1.0 header");
  const cursor: Cursor = { tokens: abnfTokens(text.trimStart().slice(header[0].length)), baseUri, at: 0 };
  const head: Head = { mode, lang: null, root: null, tagFormat: null, headTags: [], meta: new Map() };
  const rules = new Map<string, Rule>();
  while (peek(cursor) !== undefined) readStatement(cursor, head, rules);
  if (rules.size === 0) throw refused(cursor, "it has no rules");
  return { ...head, uri, rules };
}

function readStatement(cursor: Cursor, head: Head, rules: Map<string, Rule>): void {
  const first = take(cursor);
  if (first.kind === "rule") addRule(cursor, rules, first.text, false);
  else if (first.kind === "tag") head.headTags.push(first.text);
  else if (first.kind !== "word") throw refused(cursor, "neither a declaration nor a rule");
  else if (first.text === "public" || first.text === "private") {
    addRule(cursor, rules, takeRuleName(cursor), first.text === "public");
  } else declare(cursor, head, first.text);
  if (!isSign(peek(cursor), ";")) throw refused(cursor, "no semicolon where a declaration or rule ends");
  cursor.at += 1;
}

function addRule(cursor: Cursor, rules: Map<string, Rule>, id: string, isPublic: boolean): void {
  if (rules.has(id)) throw refused(cursor, `rule "${id}" is defined twice`);
  if (/^(?:NULL|VOID|GARBAGE)$/.test(id)) throw refused(cursor, `rule "${id}" can't be defined`);
  if (!isSign(peek(cursor), "=")) throw refused(cursor, `no "=" after the name of a rule`);
  cursor.at += 1;
  rules.set(id, { id, isPublic, expansion: readAlternatives(cursor), compute: null });
}

function declare(cursor: Cursor, head: Head, name: string): void {
  switch (name) {
    case "language":
      head.lang = take(cursor).text;
      return;
    case "mode":
      head.mode = requireMode(cursor, take(cursor).text);
      return;
    case "root":
      head.root = takeRuleName(cursor);
      return;
    case "tag-format":
      head.tagFormat = take(cursor).text.trim();
      return;
    case "base":
    case "lexicon":
      take(cursor);
      return;
    case "meta":
    case "http-equiv":
      declareMeta(cursor, head, name);
      return;
    default:
      throw refused(cursor, "an unknown declaration");
  }
}

function declareMeta(cursor: Cursor, head: Head, kind: "meta" | "http-equiv"): void {
  const name = take(cursor);
  const is = take(cursor);
  const content = take(cursor);
  if (name.kind !== "quoted" || is.text !== "is" || content.kind !== "quoted") {
    throw refused(cursor, `${kind} is not written as "name" is "content"`);
  }
  if (kind === "meta") head.meta.set(name.text, content.text);
}

function requireMode(cursor: Cursor, text: string): GrammarMode {
  if (text === "voice" || text === "dtmf") return text;
  throw refused(cursor, "mode is neither voice nor dtmf");
}

function takeRuleName(cursor: Cursor): string {
  const token = take(cursor);
  if (token.kind !== "rule") throw refused(cursor, "no rule where one must stand");
  return token.text;
}

function take(cursor: Cursor): AbnfToken {
  const token = peek(cursor);
  if (token === undefined) throw refused(cursor, "it ends in the middle");
  cursor.at += 1;
  return token;
}
