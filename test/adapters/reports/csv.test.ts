import fc from "fast-check";
import { expect, test } from "vitest";
import { csvOf } from "../../../adapters/reports/csv.ts";

/** A reader of RFC 4180, as plain as can be. */
function parse(csv: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  for (const [, quoted, plain = "", end = ""] of csv.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/g)) {
    row.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    if (end === ",") continue;
    rows.push(row);
    row = [];
  }
  return rows;
}

test("what was written as CSV reads back, whatever the cells hold (RFC 4180)", () => {
  const cell = fc.string({ unit: "grapheme" });
  fc.assert(
    fc.property(fc.array(fc.array(cell, { minLength: 3, maxLength: 3 }), { minLength: 1 }), (rows) => {
      expect(parse(csvOf(["a", "b", "c"], rows, { raw: true }))).toEqual([["a", "b", "c"], ...rows]);
    }),
  );
});

test("no cell of foreign text begins like a formula", () => {
  const start = fc.constantFrom("=", "+", "-", "@", "\t", "\r", "\n", " =", "\u0001=", "＝", "＠");
  fc.assert(
    fc.property(start, fc.string(), (sign, rest) => {
      const [, [cell = ""] = []] = parse(csvOf(["x"], [[sign + rest]]));
      expect(cell).not.toMatch(/^[\s\p{Cc}]*[=+\-@＝＋－＠]/u);
    }),
  );
});

test("numbers keep their sign, nothing is an empty cell, and lists are JSON", () => {
  expect(csvOf(["a", "b", "c"], [[-1.5, null, [1, "x"]]])).toBe('a,b,c\r\n-1.5,,"[1,""x""]"\r\n');
});

test("whoever asks for raw cells gets them", () => {
  expect(csvOf(["a"], [["=1+1"]], { raw: true })).toBe("a\r\n=1+1\r\n");
  expect(csvOf(["a"], [["=1+1"]])).toBe("a\r\n'=1+1\r\n");
});

test("control characters do not reach a file", () => {
  expect(csvOf(["a"], [["x\u0000\u0007y\u001b[2J"]])).toBe("a\r\nxy[2J\r\n");
});
