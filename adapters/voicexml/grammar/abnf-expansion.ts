/** The right-hand side of an ABNF rule (SRGS 1.0 section 2). */
import type { AbnfToken } from "./abnf-tokens.ts";
import { resolveReference } from "./external-reference.ts";
import { GrammarError } from "./grammar-error.ts";
import { parseRepeat, parseWeight } from "./repeat-range.ts";
import { choice, type Expansion, optional, repeat, sequence, words } from "./rule-set.ts";

const NESTING_MAX = 100;

/** A place in the tokens; the only thing here that changes. */
export type Cursor = { readonly tokens: readonly AbnfToken[]; readonly baseUri: string; at: number };

export function peek(cursor: Cursor): AbnfToken | undefined {
  return cursor.tokens[cursor.at];
}

export function isSign(token: AbnfToken | undefined, text: string): boolean {
  return token?.kind === "sign" && token.text === text;
}

export function refused(cursor: Cursor, what: string): GrammarError {
  const { line } = peek(cursor) ?? cursor.tokens.at(-1) ?? { line: 1 };
  return new GrammarError("error.grammar", `grammar: line ${line}: ${what}`);
}

/** Alternatives, up to what can't belong to them. */
export function readAlternatives(cursor: Cursor, depth = 0): Expansion {
  if (depth > NESTING_MAX) throw refused(cursor, `nested deeper than ${NESTING_MAX}`);
  const found = [readSequence(cursor, depth)];
  while (isSign(peek(cursor), "|")) {
    cursor.at += 1;
    found.push(readSequence(cursor, depth));
  }
  const [only] = found;
  return found.length === 1 && only !== undefined ? only : choice(found);
}

function readSequence(cursor: Cursor, depth: number): Expansion {
  const weight = peek(cursor);
  if (weight?.kind === "weight") {
    parseWeight(weight.text);
    cursor.at += 1;
  }
  const parts: Expansion[] = [];
  for (let part = readPart(cursor, depth); part !== null; part = readPart(cursor, depth)) {
    parts.push(withSuffixes(cursor, part));
  }
  if (parts.length === 0) throw refused(cursor, "an alternative of nothing; $NULL says so");
  return sequence(parts);
}

/** Null at what ends a sequence. */
function readPart(cursor: Cursor, depth: number): Expansion | null {
  const token = peek(cursor);
  if (token === undefined) return null;
  switch (token.kind) {
    case "word":
    case "quoted":
      cursor.at += 1;
      return words(token.text);
    case "tag":
      cursor.at += 1;
      return { kind: "tag", text: token.text };
    case "rule":
      cursor.at += 1;
      return namedRule(token.text);
    case "sign":
      return readSigned(cursor, token.text, depth);
    case "angle":
    case "weight":
    case "language":
    default:
      throw refused(cursor, "a repeat, weight or language without what it belongs to");
  }
}

function namedRule(name: string): Expansion {
  if (name === "NULL") return sequence([]);
  if (name === "VOID") return { kind: "void" };
  return name === "GARBAGE"
    ? { kind: "garbage" }
    : { kind: "reference", uri: null, rule: name, written: name };
}

function readSigned(cursor: Cursor, sign: string, depth: number): Expansion | null {
  if (sign === "(" || sign === "[") return readGroup(cursor, sign, depth);
  if (sign !== "$") return null;
  cursor.at += 1;
  const address = peek(cursor);
  if (address?.kind !== "angle") throw refused(cursor, "no rule after a dollar sign");
  cursor.at += 1;
  return resolveReference(address.text.trim(), cursor.baseUri);
}

function readGroup(cursor: Cursor, sign: "(" | "[", depth: number): Expansion {
  cursor.at += 1;
  const inside = readAlternatives(cursor, depth + 1);
  if (!isSign(peek(cursor), sign === "(" ? ")" : "]"))
    throw refused(cursor, `no end to what "${sign}" began`);
  cursor.at += 1;
  return sign === "(" ? inside : optional(inside);
}

/** Repeats and languages written after a part, in any number. */
function withSuffixes(cursor: Cursor, part: Expansion): Expansion {
  let found = part;
  for (
    let token = peek(cursor);
    token?.kind === "angle" || token?.kind === "language";
    token = peek(cursor)
  ) {
    cursor.at += 1;
    if (token.kind === "angle") found = repeated(token.text, found);
  }
  return found;
}

/** "<2-4>" or "<2-4 /0.6/>". */
function repeated(text: string, part: Expansion): Expansion {
  const probability = /\/([^/]*)\/\s*$/.exec(text);
  parseWeight(probability?.[1] ?? null);
  const { least, most } = parseRepeat(probability === null ? text : text.slice(0, probability.index));
  return repeat(part, least, most);
}
