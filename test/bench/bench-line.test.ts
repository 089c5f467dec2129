import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type BenchResult, judgeBench, parseBenchLine, toThreeDigits } from "../../bench/bench-line.ts";
import { formatLines, markdownPage } from "../../bench/bench-table.ts";
import { percentile } from "../../bench/percentile.ts";

const RESULT: BenchResult = {
  name: "intake",
  figures: { p99Ms: 12.3456, refused: 0 },
  ratio: 0.51234,
  against: "ours | theirs",
  goals: [
    { figure: "ratio", atLeast: 0.5 },
    { figure: "p99Ms", atMost: 20 },
  ],
  command: "node bench/intake.ts",
};

describe("a bench line", () => {
  test("says its goal in words, and that it was met", () => {
    expect(judgeBench(RESULT)).toMatchObject({ goal: "ratio >= 0.5, p99Ms <= 20", met: true });
  });
  test.each([
    ["a ratio below its goal", { ...RESULT, ratio: 0.49 }],
    ["a figure above its goal", { ...RESULT, figures: { p99Ms: 20.1 } }],
    ["a figure that is missing", { ...RESULT, figures: {} }],
    ["a figure that is no number", { ...RESULT, figures: { p99Ms: Number.NaN } }],
  ])("misses its goal for %s", (_what, result) => {
    expect(judgeBench(result).met).toBe(false);
  });
  test("is judged by the figures that it shows", () => {
    expect(judgeBench({ ...RESULT, ratio: 0.49999 })).toMatchObject({ ratio: 0.5, met: true });
  });
  test("is read back as it was written", () => {
    const line = judgeBench(RESULT);
    expect(parseBenchLine(JSON.stringify(line))).toEqual(line);
  });
  test.each(["", "null", "[]", '{"name":"x"}', "a stack trace"])("is not read from %j", (text) => {
    expect(parseBenchLine(text)).toBeNull();
  });
  test("keeps three digits, or a whole number", () => {
    expect([0.123456, 12.3456, 1234.56, 123_456].map(toThreeDigits)).toEqual([0.123, 12.3, 1235, 123_456]);
  });
});

describe("a percentile", () => {
  test("is one of the values, and that share of them is not above it", () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ noNaN: true }), { minLength: 1 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (values, share) => {
          const found = percentile(values, share);
          expect(values.some((value) => value === found || (value === 0 && found === 0))).toBe(true);
          expect(values.filter((value) => value <= found).length).toBeGreaterThanOrEqual(
            Math.floor(values.length * share),
          );
        },
      ),
    );
  });
  test("of nothing is no number", () => {
    expect(percentile([], 0.5)).toBeNaN();
  });
});

describe("the table of benches", () => {
  const skipped = { name: "sip-cpu", skipped: "SIPp is not installed", command: "node bench/sip-cpu.ts" };
  test("names what could not run here, and why", () => {
    expect(formatLines([skipped])).toBe("sip-cpu: SIPp is not installed");
    expect(markdownPage([skipped], "here")).toContain("SIPp is not installed");
  });
  test("says machine, command, ratio and every figure in the page", () => {
    const page = markdownPage([judgeBench(RESULT)], "two cores, today");
    for (const part of ["two cores, today", "node bench/intake.ts", "0.512", "| p99Ms | 12.3 |", "met"]) {
      expect(page).toContain(part);
    }
  });
  test("is not broken by a bar in a text", () => {
    expect(markdownPage([judgeBench(RESULT)], "here")).toContain("ours \\| theirs");
  });
});
