import { describe, expect, test } from "vitest";
import { compileGrammar, missingReferences } from "../../../../adapters/voicexml/grammar/compile-grammar.ts";
import { GrammarError } from "../../../../adapters/voicexml/grammar/grammar-error.ts";
import { matchWords } from "../../../../adapters/voicexml/grammar/match-words.ts";
import type { RuleSet } from "../../../../adapters/voicexml/grammar/rule-set.ts";
import { compiled, lastState, rulesOf } from "./srgs.ts";

const eventOf = (make: () => unknown): string => {
  try {
    make();
  } catch (error) {
    if (error instanceof GrammarError) return error.event;
    throw error;
  }
  return "none";
};

const VOICE = 'mode="voice" root="r"';

describe("refused before use", () => {
  test.for([
    ["no rules", ""],
    ["an undefined rule", '<rule id="r"><ruleref uri="#nobody"/></rule>'],
    ["a root that is not there", '<rule id="other">1</rule>'],
    ["left recursion", '<rule id="r"><ruleref uri="#r"/> 1</rule>'],
    [
      "left recursion behind what may be empty",
      '<rule id="r"><item repeat="0-1">1</item><ruleref uri="#s"/></rule><rule id="s"><ruleref uri="#r"/> 1</rule>',
    ],
    ["recursion without end", '<rule id="r">1 <ruleref uri="#r"/></rule>'],
    ["a repeat that ends below its beginning", '<rule id="r"><item repeat="3-2">1</item></rule>'],
    ["a repeat that is no number", '<rule id="r"><item repeat="many">1</item></rule>'],
    ["a repeat of a million", '<rule id="r"><item repeat="1-1000000">1</item></rule>'],
    ["an empty rule", '<rule id="r"/>'],
    ["two rules of one name", '<rule id="r">1</rule><rule id="r">2</rule>'],
    ["a rule called NULL", '<rule id="r">1</rule><rule id="NULL">2</rule>'],
    ["a choice of nothing", '<rule id="r"><one-of/></rule>'],
    ["a choice of what is no item", '<rule id="r"><one-of><token>1</token></one-of></rule>'],
    ["a reference to nothing", '<rule id="r"><ruleref/></rule>'],
    ["a reference to two things", '<rule id="r"><ruleref uri="#r" special="NULL"/></rule>'],
    ["an unknown special rule", '<rule id="r"><ruleref special="ANY"/></rule>'],
    ["an unknown element", '<rule id="r"><dance>1</dance></rule>'],
    ["a word among keys", '<rule id="r">hello</rule>'],
    ["a weight below zero", '<rule id="r"><item weight="-1">1</item></rule>'],
    ["a quotation mark not closed", '<rule id="r">"1</rule>'],
    ["more than 10 000 states", `<rule id="r">${'<item repeat="1000">1 2 3</item>'.repeat(4)}</rule>`],
  ] as const)("%s is error.grammar", ([, rules]) => {
    expect(eventOf(() => compiled(rules))).toBe("error.grammar");
  });

  test("repeats in repeats meet the limit, not the memory", () => {
    const nested = `${'<item repeat="100">'.repeat(8)}1${"</item>".repeat(8)}`;
    expect(eventOf(() => compiled(`<rule id="r">${nested}</rule>`))).toBe("error.grammar");
  });

  test("an unknown builtin is error.unsupported.builtin", () => {
    expect(eventOf(() => compiled('<rule id="r"><ruleref uri="builtin:doesnotexist"/></rule>'))).toBe(
      "error.unsupported.builtin",
    );
  });

  test("the message names the line, never the text", () => {
    expect(() => compiled('<rule id="r">\n<dance>secret</dance></rule>')).toThrow(/line 2/);
    expect(() => compiled('<rule id="r">\n<dance>secret</dance></rule>')).not.toThrow(/secret/);
  });
});

describe("accepted", () => {
  test("right recursion is followed as far as the keys go", () => {
    const grammar = compiled('<rule id="r">1 <item repeat="0-1"><ruleref uri="#r"/></item></rule>');
    expect([lastState(grammar, "1"), lastState(grammar, "1111"), lastState(grammar, "12")]).toEqual([
      "complete",
      "complete",
      "dead",
    ]);
  });

  test("recursion in the middle is followed", () => {
    const grammar = compiled('<rule id="r">1 <item repeat="0-1"><ruleref uri="#r"/></item> 2</rule>');
    expect([lastState(grammar, "111222"), lastState(grammar, "11122"), lastState(grammar, "12222")]).toEqual([
      "complete-final",
      "partial",
      "dead",
    ]);
  });

  test("elements of other namespaces are passed over with what they hold", () => {
    const grammar = compiled(
      '<rule id="r"><x:more xmlns:x="urn:x">9</x:more><item x:weight="1" xmlns:x="urn:x">1</item></rule>',
    );
    expect(lastState(grammar, "1")).toBe("complete-final");
  });

  test("an example is no part of a rule", () => {
    expect(lastState(compiled('<rule id="r"><example>9 9</example>1</rule>'), "1")).toBe("complete-final");
  });

  test("words are compared without regard to case, and reported as written", () => {
    const grammar = compiled('<rule id="r">"San Francisco" <token>Señor</token></rule>', VOICE);
    expect(matchWords([grammar], "  SAN francisco   SEN\u0303OR ", null)?.tokens).toEqual([
      "San",
      "Francisco",
      "Señor",
    ]);
    expect(matchWords([grammar], "san francisco", null)).toBeNull();
  });

  test("a grammar with one rule needs no root", () => {
    expect(lastState(compiled('<rule id="only">1</rule>', 'mode="dtmf"'), "1")).toBe("complete-final");
  });
});

describe("other grammars", () => {
  const OTHER = "http://localhost/other.grxml";
  const home = rulesOf('<rule id="r">1 <ruleref uri="other.grxml#tail"/></rule>');
  const other = (scope: string): RuleSet => ({
    ...rulesOf(`<rule id="tail" scope="${scope}">2</rule><rule id="r">3</rule>`),
    uri: OTHER,
  });

  test("what is missing is named until it is loaded", () => {
    expect(missingReferences(home, new Map())).toEqual([OTHER]);
    expect(missingReferences(home, new Map([[OTHER, other("public")]]))).toEqual([]);
  });

  test("a public rule of another grammar is matched in place", () => {
    const grammar = compileGrammar(home, { id: "g", loaded: new Map([[OTHER, other("public")]]) });
    expect(lastState(grammar, "12")).toBe("complete-final");
  });

  test("a private rule of another grammar is error.grammar, a missing grammar error.badfetch", () => {
    expect(
      eventOf(() => compileGrammar(home, { id: "g", loaded: new Map([[OTHER, other("private")]]) })),
    ).toBe("error.grammar");
    expect(eventOf(() => compileGrammar(home, { id: "g" }))).toBe("error.badfetch");
  });

  test("the root of another grammar may be private", () => {
    const rules = rulesOf('<rule id="r">1 <ruleref uri="other.grxml"/></rule>');
    const grammar = compileGrammar(rules, { id: "g", loaded: new Map([[OTHER, other("private")]]) });
    expect(lastState(grammar, "13")).toBe("complete-final");
  });

  test("grammars that refer to each other without end are error.grammar", () => {
    const loaded = new Map<string, RuleSet>();
    for (let index = 0; index < 60; index += 1) {
      const next = `<rule id="r">1 <ruleref uri="n${index + 1}.grxml"/></rule>`;
      loaded.set(`http://localhost/n${index}.grxml`, {
        ...rulesOf(next),
        uri: `http://localhost/n${index}.grxml`,
      });
    }
    const first = rulesOf('<rule id="r"><ruleref uri="n0.grxml"/></rule>');
    expect(eventOf(() => missingReferences(first, loaded))).toBe("error.grammar");
  });
});
