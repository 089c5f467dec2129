import fc from "fast-check";
import { expect, test } from "vitest";
import {
  PARAMETER_CHARACTERS_MAX,
  readParameter,
  unescape,
} from "../../../../adapters/analytics/chdb/parameters.ts";

const ESCAPES: Record<string, string> = { "\\": "\\\\", "'": "\\'", "\n": "\\n", "\t": "\\t", "\r": "\\r" };
const escape = (text: string): string => text.replace(/[\\'\n\t\r]/g, (sign) => ESCAPES[sign] ?? sign);

test("an escaped text reads back", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), (text) => {
      expect(unescape(escape(text))).toBe(text);
    }),
  );
});

function write(value: string | number | boolean | null): string {
  if (typeof value === "string") return `'${escape(value)}'`;
  return value === null ? "NULL" : String(value).toUpperCase();
}

test("an array of texts, numbers and nothing reads back", () => {
  const item = fc.oneof(fc.string(), fc.integer(), fc.constant(null), fc.boolean());
  fc.assert(
    fc.property(fc.array(item), (items) => {
      expect(readParameter(`[${items.map(write).join(",")}]`)).toEqual(items);
    }),
  );
});

test("nothing is \\N", () => {
  expect(readParameter("\\N")).toBeNull();
});

test.for(["[1]]", "[x]", "[1] [2]", "['a]", `${"[".repeat(9)}${"]".repeat(9)}`])("%s is no array", (text) => {
  expect(() => readParameter(text)).toThrow("array parameter");
});

test("what does not end like an array is a text", () => {
  expect(readParameter("[1")).toBe("[1");
});

test("a parameter has a limit", () => {
  expect(readParameter("x".repeat(PARAMETER_CHARACTERS_MAX))).toHaveLength(PARAMETER_CHARACTERS_MAX);
  expect(() => readParameter("x".repeat(PARAMETER_CHARACTERS_MAX + 1))).toThrow("too long");
});
