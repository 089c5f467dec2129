/**
 * JSON as a contract, not as a habit. What two readers may understand differently is refused here, because a
 * policy check and a dialler that disagree about `{"to": …, "to": …}` are a hole: duplicate names, lone
 * surrogates, control characters, numbers out of range, and nesting without end. `JSON.parse` takes all of
 * them (the last name wins), so this is a reader of its own; it is used for HTTP bodies and for mails.
 */

/** Objects and arrays within each other, at most. */
export const JSON_DEPTH_MAX = 32;

type JsonFault =
  | "json.encoding"
  | "json.syntax"
  | "json.duplicate-name"
  | "json.forbidden-name"
  | "json.depth"
  | "json.number"
  | "json.character";

export type JsonReading =
  | { readonly ok: true; readonly value: unknown }
  | {
      readonly ok: false;
      readonly code: JsonFault;
      /** Where, in UTF-16 units from the start; 0 for a wrong encoding. */
      readonly offset: number;
      readonly message: string;
    };

/** Bytes to a value; refuses what is not UTF-8, and a byte order mark. */
export function readStrictJsonBytes(bytes: Uint8Array): JsonReading {
  const text = decodeUtf8(bytes);
  if (text !== null) return readStrictJson(text);
  return { ok: false, code: "json.encoding", offset: 0, message: "the text is not valid UTF-8" };
}

/** Null for anything that is not valid UTF-8: replacement characters would change what was signed. */
export function decodeUtf8(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    if (error instanceof TypeError) return null;
    throw error;
  }
}

/** Text to a value, or the first fault found. Cost is linear in the text. */
export function readStrictJson(text: string): JsonReading {
  const cursor: Cursor = { text, at: 0 };
  try {
    const value = readValue(cursor, 0);
    skipSpace(cursor);
    if (cursor.at < text.length)
      throw new FaultError("json.syntax", cursor.at, "nothing may follow the value");
    return { ok: true, value };
  } catch (error) {
    if (!(error instanceof FaultError)) throw error;
    return { ok: false, code: error.code, offset: error.offset, message: error.message };
  }
}

type Cursor = { readonly text: string; at: number };

/** Never leaves this file: the shortest way out of the recursion. */
class FaultError extends Error {
  override readonly name = "FaultError";
  readonly code: JsonFault;
  readonly offset: number;

  constructor(code: JsonFault, offset: number, expected: string) {
    super(`${expected} (character ${offset + 1})`);
    this.code = code;
    this.offset = offset;
  }
}

const WORDS: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  ["true", true],
  ["false", false],
  ["null", null],
]);

function readValue(cursor: Cursor, depth: number): unknown {
  skipSpace(cursor);
  const first = cursor.text[cursor.at];
  if (first === "{" || first === "[") {
    if (depth === JSON_DEPTH_MAX) {
      throw new FaultError("json.depth", cursor.at, `more than ${JSON_DEPTH_MAX} levels of nesting`);
    }
    cursor.at += 1;
    return first === "{" ? readObject(cursor, depth + 1) : readArray(cursor, depth + 1);
  }
  if (first === '"') return readString(cursor);
  for (const [word, value] of WORDS) {
    if (!cursor.text.startsWith(word, cursor.at)) continue;
    cursor.at += word.length;
    return value;
  }
  return readNumber(cursor);
}

function readObject(cursor: Cursor, depth: number): unknown {
  const members = new Map<string, unknown>();
  if (takes(cursor, "}")) return {};
  do {
    skipSpace(cursor);
    const start = cursor.at;
    const name = readString(cursor);
    if (members.has(name))
      throw new FaultError("json.duplicate-name", start, "a name stands twice in one object");
    // Names that reach into prototypes have no honest use here, and every later reader is spared the question.
    if (FORBIDDEN_NAMES.has(name))
      throw new FaultError("json.forbidden-name", start, "this name is not allowed");
    expect(cursor, ":");
    members.set(name, readValue(cursor, depth));
  } while (takes(cursor, ","));
  expect(cursor, "}");
  return Object.fromEntries(members);
}

const FORBIDDEN_NAMES: ReadonlySet<string> = new Set(["__proto__", "constructor", "prototype"]);

function readArray(cursor: Cursor, depth: number): unknown {
  const values: unknown[] = [];
  if (takes(cursor, "]")) return values;
  do values.push(readValue(cursor, depth));
  while (takes(cursor, ","));
  expect(cursor, "]");
  return values;
}

// Tab and line breaks are part of inline programs; every other control character is somebody's trick.
// oxlint-disable-next-line no-control-regex
const FORBIDDEN_CHARACTER = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/;

function readString(cursor: Cursor): string {
  const start = cursor.at;
  const end = endOfString(cursor.text, start);
  if (end < 0) throw new FaultError("json.syntax", start, "expected a string in double quotes");
  cursor.at = end;
  const value = unescaped(cursor.text.slice(start, end), start);
  if (!value.isWellFormed()) throw new FaultError("json.character", start, "a string holds half a character");
  if (FORBIDDEN_CHARACTER.test(value)) {
    throw new FaultError("json.character", start, "a string holds a control character");
  }
  return value;
}

/** Index after the closing quote; -1 where there is no string. */
function endOfString(text: string, start: number): number {
  if (text[start] !== '"') return -1;
  for (let at = start + 1; at < text.length; at += 1) {
    if (text[at] === "\\") at += 1;
    else if (text[at] === '"') return at + 1;
  }
  return -1;
}

function unescaped(literal: string, start: number): string {
  try {
    // One string literal cannot hold what the rest of this file guards against.
    return String(JSON.parse(literal));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new FaultError("json.syntax", start, "a string holds a bad escape or a bare control character");
  }
}

const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;

function readNumber(cursor: Cursor): number {
  NUMBER.lastIndex = cursor.at;
  const found = NUMBER.exec(cursor.text)?.[0];
  if (found === undefined) throw new FaultError("json.syntax", cursor.at, "expected a JSON value");
  const value = Number(found);
  if (!Number.isFinite(value)) throw new FaultError("json.number", cursor.at, "a number is out of range");
  cursor.at += found.length;
  return value;
}

function skipSpace(cursor: Cursor): void {
  while (SPACE.has(cursor.text[cursor.at] ?? "")) cursor.at += 1;
}

const SPACE: ReadonlySet<string> = new Set([" ", "\t", "\n", "\r"]);

function takes(cursor: Cursor, sign: string): boolean {
  skipSpace(cursor);
  if (cursor.text[cursor.at] !== sign) return false;
  cursor.at += 1;
  return true;
}

function expect(cursor: Cursor, sign: string): void {
  if (!takes(cursor, sign)) throw new FaultError("json.syntax", cursor.at, `expected "${sign}"`);
}
