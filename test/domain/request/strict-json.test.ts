import fc from "fast-check";
import { expect, test } from "vitest";
import { JSON_DEPTH_MAX, readStrictJson, readStrictJsonBytes } from "../../../domain/request/strict-json.ts";

test("what JSON.stringify writes is read as JSON.parse reads it", () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 6 }), (value) => {
      const text = JSON.stringify(value);
      const reading = readStrictJson(text);
      // Control characters and the forbidden names may come up by chance.
      fc.pre(reading.ok || (reading.code !== "json.character" && reading.code !== "json.forbidden-name"));
      expect(reading).toEqual({ ok: true, value: JSON.parse(text) });
    }),
  );
});

test("any text: what we take, JSON.parse takes with the same value", () => {
  const piece = fc.constantFrom(
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    '"a"',
    '"b"',
    "1",
    "-",
    "0",
    ".5",
    "e3",
    "true",
    "nul",
    " ",
    "\\",
    '"',
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const text = pieces.join("");
      const reading = readStrictJson(text);
      fc.pre(reading.ok);
      expect(reading.ok && reading.value).toEqual(JSON.parse(text));
    }),
    { numRuns: 3_000 },
  );
});

test.each([
  ['{"a":1,"a":1}', "json.duplicate-name"],
  ['{"a":1,"\\u0061":2}', "json.duplicate-name"],
  ['{"x":{"__proto__":1}}', "json.forbidden-name"],
  ['{"constructor":{"prototype":{}}}', "json.forbidden-name"],
  ["[1e999]", "json.number"],
  ["[-1e999]", "json.number"],
  ['"\\ud800"', "json.character"],
  ['"\\udc00\\ud800"', "json.character"],
  ['"\\u0000"', "json.character"],
  ['"\\u001b"', "json.character"],
  ['"\\u007f"', "json.character"],
  ['"\\u0085"', "json.character"],
  ['"a\nb"', "json.syntax"],
  ['"\\x41"', "json.syntax"],
  ['"open', "json.syntax"],
  ["{'a':1}", "json.syntax"],
  ['{"a":1,}', "json.syntax"],
  ["[1,]", "json.syntax"],
  ["[01]", "json.syntax"],
  ["[+1]", "json.syntax"],
  ["[.5]", "json.syntax"],
  ["[1.]", "json.syntax"],
  ["NaN", "json.syntax"],
  ["1 2", "json.syntax"],
  ["// no\n1", "json.syntax"],
  ["", "json.syntax"],
  ["\ufeff1", "json.syntax"],
  ["\u00a01", "json.syntax"],
])("%j is refused as %s", (text, code) => {
  expect(readStrictJson(text)).toMatchObject({ ok: false, code });
});

test("a program of many lines is text like any other", () => {
  const program = '<vxml>\r\n\t<form id="é€😀"/>\n</vxml>';
  expect(readStrictJson(JSON.stringify({ program }))).toEqual({ ok: true, value: { program } });
});

test("thirty-two levels are read, one more is refused, and so are ten thousand", () => {
  expect(readStrictJson(nested(JSON_DEPTH_MAX)).ok).toBe(true);
  for (const depth of [JSON_DEPTH_MAX + 1, 10_000]) {
    expect(readStrictJson(nested(depth))).toMatchObject({ ok: false, code: "json.depth" });
  }
});

test.each([
  ["a stray continuation byte", [0x22, 0x80, 0x22]],
  ["an overlong slash", [0x22, 0xc0, 0xaf, 0x22]],
  ["a surrogate in UTF-8", [0x22, 0xed, 0xa0, 0x80, 0x22]],
  ["a character cut short", [0x22, 0xe2, 0x82]],
])("%s is no UTF-8", (_what, bytes) => {
  expect(readStrictJsonBytes(new Uint8Array(bytes))).toMatchObject({ ok: false, code: "json.encoding" });
});

test("a fault says where it is, and never repeats what stands there", () => {
  const reading = readStrictJson('{"to": "+12125550199", "to": 1}');
  expect(reading).toMatchObject({ offset: 23, message: "a name stands twice in one object (character 24)" });
});

function nested(depth: number): string {
  return "[".repeat(depth) + "]".repeat(depth);
}
