/** The words and signs of the ABNF form of SRGS 1.0, comments left out. */
import { GrammarError } from "./grammar-error.ts";

export type AbnfToken =
  | { readonly kind: "sign"; readonly text: string; readonly line: number }
  | { readonly kind: "word"; readonly text: string; readonly line: number }
  | { readonly kind: "quoted"; readonly text: string; readonly line: number }
  /** Between braces, without them. */
  | { readonly kind: "tag"; readonly text: string; readonly line: number }
  /** Between angle brackets: an address, or a repeat. */
  | { readonly kind: "angle"; readonly text: string; readonly line: number }
  /** Between slashes. */
  | { readonly kind: "weight"; readonly text: string; readonly line: number }
  /** After a dollar sign. */
  | { readonly kind: "rule"; readonly text: string; readonly line: number }
  /** After an exclamation mark. */
  | { readonly kind: "language"; readonly text: string; readonly line: number };

type Pattern = readonly [AbnfToken["kind"] | "space", RegExp];

// In order: a comment before a weight, a brace of the long kind before the short one. None of them can backtrack.
const PATTERNS: readonly Pattern[] = [
  ["space", /(?:\s+|\/\/[^\n]*|\/\*[^*]*\*+(?:[^/*][^*]*\*+)*\/)/y],
  ["tag", /\{!\{([^]*?)\}!\}/y],
  ["tag", /\{([^{}]*)\}/y],
  ["angle", /<([^<>]*)>/y],
  ["weight", /\/\s*([\d.+]+)\s*\//y],
  ["quoted", /"([^"]*)"/y],
  ["quoted", /'([^']*)'/y],
  ["rule", /\$([\p{L}_][\p{L}\p{N}_]*)/uy],
  ["sign", /(\$)(?=<)/y],
  ["language", /!([A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*)/y],
  ["sign", /([;=|()[\]])/y],
  ["word", /([^\s;=|()[\]{}<>"'/$!]+)/y],
];

export function abnfTokens(text: string): readonly AbnfToken[] {
  const found: AbnfToken[] = [];
  let at = 0;
  let line = 1;
  while (at < text.length) {
    const next = read(text, at, line);
    if (next.kind !== "space") found.push({ kind: next.kind, text: next.content, line });
    line += lineFeeds(next.whole);
    at += next.whole.length;
  }
  return found;
}

type Read = { readonly kind: Pattern[0]; readonly whole: string; readonly content: string };

function read(text: string, at: number, line: number): Read {
  for (const [kind, pattern] of PATTERNS) {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (match !== null) return { kind, whole: match[0], content: match[1] ?? "" };
  }
  throw new GrammarError("error.grammar", `grammar: line ${line}: not ABNF`);
}

function lineFeeds(text: string): number {
  let count = 0;
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) count += 1;
  return count;
}
