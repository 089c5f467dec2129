import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compileBuiltin } from "../../../../adapters/voicexml/grammar/compile-grammar.ts";
import { GrammarError } from "../../../../adapters/voicexml/grammar/grammar-error.ts";
import { matchWords } from "../../../../adapters/voicexml/grammar/match-words.ts";
import { compileOptions, type Option } from "../../../../adapters/voicexml/grammar/option-list.ts";
import { lastState, pressed } from "./srgs.ts";

const keyed = (uri: string, keys: string): unknown =>
  pressed(compileBuiltin(uri, "b"), keys).match?.interpretation;
const said = (type: string, text: string): unknown =>
  matchWords([compileBuiltin(`builtin:grammar/${type}`, "b")], text, null)?.interpretation;

describe("keys (appendix P)", () => {
  test.for([
    ["boolean", "1", true],
    ["boolean", "2", false],
    ["boolean?y=7;n=9", "7", true],
    ["boolean?y=7;n=9", "9", false],
    ["digits", "0", "0"],
    ["digits?length=4", "0123", "0123"],
    ["digits?minlength=2;maxlength=3", "12", "12"],
    ["date", "20260105", "20260105"],
    ["currency", "12*5", "12.50"],
    ["currency", "12", "12.00"],
    ["currency", "*5", "0.50"],
    ["number", "3*14", "3.14"],
    ["phone", "5551234*22", "5551234x22"],
    ["time", "0930", "0930?"],
    ["time", "1430", "1430h"],
    ["time", "0015", "0015h"],
  ] as const)("%s: %s", ([type, keys, value]) => {
    expect(keyed(`builtin:dtmf/${type}`, keys)).toBe(value);
  });

  test("four digits are final at the fourth, and not before", () => {
    expect(pressed(compileBuiltin("builtin:dtmf/digits?length=4", "b"), "1234").states).toEqual([
      "partial",
      "partial",
      "partial",
      "complete-final",
    ]);
  });

  test("the 13th month, the 25th hour and the third boolean are dead", () => {
    expect(lastState(compileBuiltin("builtin:dtmf/date", "b"), "202613")).toBe("dead");
    expect(lastState(compileBuiltin("builtin:dtmf/time", "b"), "25")).toBe("dead");
    expect(lastState(compileBuiltin("builtin:dtmf/boolean", "b"), "3")).toBe("dead");
  });

  test("digits take exactly the lengths asked for", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 8 }),
        fc.nat(4),
        fc.stringMatching(/^[0-9]{1,14}$/),
        (least, more, keys) => {
          const uri = `builtin:dtmf/digits?minlength=${least};maxlength=${least + more}`;
          const fits = keys.length >= least && keys.length <= least + more;
          expect(keyed(uri, keys)).toBe(fits ? keys : undefined);
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe("English words", () => {
  test.for([
    ["boolean", "yeah", true],
    ["boolean", "no thanks", false],
    ["digits?length=3", "one oh 7", "107"],
    ["number", "minus one hundred and twenty three point five", "-123.5"],
    ["number", "two million three hundred thousand and one", "2300001"],
    ["number", "4 2", "42"],
    ["currency", "five dollars and ten cents", "USD5.10"],
    ["currency", "fifty cents", "0.50"],
    ["phone", "five five five extension two", "555x2"],
    ["date", "january twenty fifth twenty twenty six", "20260125"],
    ["date", "march the third", "????0303"],
    ["time", "three fifteen p m", "0315p"],
    ["time", "ten o'clock", "1000?"],
    ["time", "noon", "1200p"],
  ] as const)("%s: %s", ([type, text, value]) => {
    expect(said(type, text)).toBe(value);
  });
});

test.for([
  "builtin:dtmf/boolean?y=1;n=1",
  "builtin:dtmf/boolean?y=yes",
  "builtin:dtmf/digits?length=0",
  "builtin:dtmf/digits?length=x",
  "builtin:dtmf/digits?minlength=4;maxlength=3",
  "builtin:dtmf/digits?length=3;maxlength=2",
  "builtin:dtmf/digits?length=101",
  "builtin:dtmf/digits?colour=red",
  "builtin:dtmf/digits?length",
  "builtin:dtmf/digits?length=3;length=3",
  "builtin:dtmf/dance",
  "builtin:",
])("%s is error.unsupported.builtin", (uri) => {
  const make = (): unknown => compileBuiltin(uri, "b");
  expect(make).toThrow(GrammarError);
  expect(make).toThrow(expect.objectContaining({ event: "error.unsupported.builtin" }));
});

const option = (given: Partial<Option>): Option => ({
  dtmf: null,
  phrase: null,
  value: "v",
  accept: "exact",
  ...given,
});

describe("options and choices", () => {
  test("keys and words of a list lead to the option's value", () => {
    const list = [
      option({ dtmf: "1", phrase: "Chicago", value: "ORD" }),
      option({ dtmf: "2 2", phrase: "New York!", value: "JFK" }),
    ];
    const keys = compileOptions(list, "dtmf", "o");
    const words = compileOptions(list, "voice", "o");
    if (keys === null || words === null) throw new Error("both modes have options");
    expect(pressed(keys, "22").match?.interpretation).toBe("JFK");
    expect(matchWords([words], "new york", null)?.interpretation).toBe("JFK");
  });

  test("approximate takes any of the words in their order, exact all of them", () => {
    const phrase = "stargazer astrophysics news";
    const near = compileOptions([option({ phrase, accept: "approximate" })], "voice", "o");
    const exact = compileOptions([option({ phrase })], "voice", "o");
    if (near === null || exact === null) throw new Error("there are words");
    const heard = (text: string): readonly boolean[] =>
      [near, exact].map((each) => matchWords([each], text, null) !== null);
    expect(heard("stargazer news")).toEqual([true, false]);
    expect(heard("news stargazer")).toEqual([false, false]);
    expect(heard(phrase)).toEqual([true, true]);
  });

  test("a mode in which nothing can be given has no grammar", () => {
    expect(compileOptions([option({ phrase: "x" })], "dtmf", "o")).toBeNull();
    expect(compileOptions([option({ phrase: " ", dtmf: "1" })], "voice", "o")).toBeNull();
  });

  test("a key that is none is error.grammar", () => {
    expect(() => compileOptions([option({ dtmf: "x" })], "dtmf", "o")).toThrow(GrammarError);
  });
});
