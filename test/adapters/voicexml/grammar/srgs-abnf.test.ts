import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compileGrammar } from "../../../../adapters/voicexml/grammar/compile-grammar.ts";
import type { Grammar } from "../../../../adapters/voicexml/grammar/grammar.ts";
import { GrammarError } from "../../../../adapters/voicexml/grammar/grammar-error.ts";
import { parseTree } from "../../../../adapters/voicexml/grammar/parse-tree.ts";
import { isAbnf, readSrgsAbnf } from "../../../../adapters/voicexml/grammar/srgs-abnf.ts";
import { compiled, lastState } from "./srgs.ts";

const BASE = "http://localhost/g.gram";
const abnf = (body: string): Grammar =>
  compileGrammar(readSrgsAbnf(`#ABNF 1.0;\n${body}`, BASE, null), { id: "g" });

test("the header may name an encoding or not, and is what the form is known by", () => {
  expect(isAbnf("#ABNF 1.0 UTF-8;")).toBe(true);
  expect(isAbnf("<grammar/>")).toBe(false);
  expect(readSrgsAbnf("#ABNF 1.0 ISO-8859-1;\n$r = x;", BASE, null).rules.size).toBe(1);
  expect(() => readSrgsAbnf("$r = x;", BASE, null)).toThrow(GrammarError);
});

test("declarations are read", () => {
  const rules = readSrgsAbnf(
    '#ABNF 1.0;\nlanguage en-US; mode voice; root $r; tag-format <semantics/1.0>; base <http://x/>; lexicon <http://x/l>;\nmeta "in.1" is \'say "x"\'; http-equiv "Expires" is "0";\n{var a = 1};\npublic $r = x;',
    BASE,
    null,
  );
  expect(rules).toMatchObject({
    lang: "en-US",
    root: "r",
    tagFormat: "semantics/1.0",
    headTags: ["var a = 1"],
  });
  expect(rules.meta.get("in.1")).toBe('say "x"');
});

test("XML and ABNF of one grammar match the same", () => {
  const xml = compiled(
    '<rule id="r"><item repeat="0-1">please</item><one-of><item weight="2">call</item><item>dial <tag>a</tag></item></one-of><item repeat="1-2"><ruleref uri="#who"/></item></rule><rule id="who"><one-of><item>"big joe"</item><item>ann</item></one-of></rule>',
    'mode="voice" root="r"',
  );
  const text = abnf(
    'root $r; // a comment\n$r = [please] (/2/ call | dial {a}) $who <1-2>; /* another\n one */ $who = "big joe" | ann;',
  );
  for (const said of [
    "call ann",
    "please dial big joe ann",
    "call",
    "please please call ann",
    "dial ann ann ann",
  ]) {
    expect(parseTree(text, said)).toBe(parseTree(xml, said));
  }
  expect(parseTree(text, "please call big joe")).toBe('$r["please","call",$who["big","joe"]]');
});

describe("notation", () => {
  test("repeats, probabilities, languages and long tags", () => {
    const grammar = abnf("mode dtmf; root $r; $r = (1 | 2)!en-US <2-3 /0.6/> {!{ one {two} }!} $NULL;");
    expect([lastState(grammar, "1"), lastState(grammar, "12"), lastState(grammar, "121")]).toEqual([
      "partial",
      "complete",
      "complete-final",
    ]);
  });

  test("a reference to another grammar is resolved against the base", () => {
    const set = readSrgsAbnf("#ABNF 1.0;\n$r = $<other.gram#rule> $<more.gram>;", BASE, null);
    expect(JSON.stringify(set.rules.get("r")?.expansion)).toContain("http://localhost/other.gram");
  });
});

test.for([
  "$r = ;",
  "$r = (1;",
  "$r = [1);",
  "$r = 1",
  "$r 1;",
  "$r = 1; $r = 2;",
  "$NULL = 1;",
  "$r = <2> 1;",
  "$r = 1 <3-2>;",
  "$r = 1 | ;",
  "$r = $;",
  "$r = {a;",
  "dance $r;",
  "mode fax; $r = 1;",
  "",
  `$r = ${"(".repeat(200)}1${")".repeat(200)};`,
  `$r = ${"x ".repeat(140_000)};`,
])("%# is refused as error.grammar", (body) => {
  expect(() => abnf(body)).toThrow(GrammarError);
});

test("no text makes the reader do anything but answer or refuse", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom(..."$r=;|()[]<>{}!/\"' 1x\n-*".split("")), maxLength: 60 }),
      (body) => {
        let answer: unknown;
        try {
          answer = abnf(`$q = 1; ${body}`);
        } catch (error) {
          answer = error instanceof GrammarError ? "refused" : error;
        }
        expect(
          answer === "refused" || (typeof answer === "object" && answer !== null && "graph" in answer),
        ).toBe(true);
      },
    ),
    { numRuns: 500 },
  );
});
