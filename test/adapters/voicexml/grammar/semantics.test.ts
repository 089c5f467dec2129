import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { matchWords } from "../../../../adapters/voicexml/grammar/match-words.ts";
import { createRealm, type Realm } from "../../../../adapters/voicexml/script/realm.ts";
import { ScriptError } from "../../../../adapters/voicexml/script/script-error.ts";
import { instant } from "../../../../domain/kernel/time.ts";
import { compiled, pressed } from "./srgs.ts";

let realm: Realm;
beforeAll(async () => {
  realm = await createRealm({ seed: 1, now: instant(0) });
});
beforeEach(() => realm.setNow(instant(0)));
afterAll(() => realm.dispose());

const SISR = 'mode="voice" root="r" tag-format="semantics/1.0"';
const meaning = (rules: string, said: string, attributes = SISR): unknown =>
  matchWords([compiled(rules, attributes)], said, realm)?.interpretation;

describe("semantics/1.0", () => {
  test("out, rules, rules.latest() and meta are there", () => {
    const rules =
      '<rule id="r">I want <ruleref uri="#size"/><tag>out.size = rules.size; out.last = rules.latest(); out.said = meta.size.text; out.all = meta.current().text;</tag></rule>' +
      "<rule id='size'><one-of><item>big<tag>out = 'L';</tag></item><item>small</item></one-of></rule>";
    expect(meaning(rules, "I want big")).toEqual({ size: "L", last: "L", said: "big", all: "I want big" });
    expect(meaning(rules, "I want small")).toMatchObject({ size: "small", said: "small" });
  });

  test("a rule without tags has the value of the last rule it refers to, else its text", () => {
    const rules =
      '<rule id="r"><ruleref uri="#a"/> <ruleref uri="#b"/></rule><rule id="a">a<tag>out=1</tag></rule><rule id="b">b<tag>out=2</tag></rule>';
    expect(meaning(rules, "a b")).toBe(2);
  });

  test("variables of a tag belong to its rule", () => {
    const rules =
      '<rule id="r"><tag>var n = 0;</tag><item repeat="1-">x<tag>n = n + 1; out = n;</tag></item></rule>';
    expect(meaning(rules, "x x x")).toBe(3);
  });

  test("a tag can't see the document's variables", () => {
    const scope = realm.scope(null, "document");
    realm.declare(scope, "secret", "1");
    expect(meaning('<rule id="r">x<tag>out = typeof secret + typeof document;</tag></rule>', "x")).toBe(
      "undefinedundefined",
    );
  });

  test("a tag that fails is error.semantic, one that never ends is stopped", () => {
    expect(() => meaning('<rule id="r">x<tag>nobody.x</tag></rule>', "x")).toThrow(ScriptError);
    expect(() => meaning('<rule id="r">x<tag>for(;;);</tag></rule>', "x")).toThrow(ScriptError);
  });
});

test("a literal tag is its own text, the last one counting", () => {
  const literals = 'mode="voice" root="r" tag-format="semantics/1.0-literals"';
  expect(meaning('<rule id="r">x<tag>one</tag> y<tag> two = 2 </tag></rule>', "x y", literals)).toBe(
    "two = 2",
  );
});

describe("tags older than the standard, where no tag-format is given", () => {
  test.for([
    ["'x'", "x"],
    ['"x"', "x"],
    ["plain text", "plain text"],
    ['$ = "x"', "x"],
    ["$ = '5$ off'", "5$ off"],
    ["$.a = 'x'; $.b = 1", { a: "x", b: 1 }],
    ["out.a = 'x'", { a: "x" }],
    ["var a='x';", { a: "x" }],
    ["$ = $$", "inner"],
    ["$.q = $inner", { q: "inner" }],
  ] as const)("%s", ([tag, value]) => {
    const rules = `<rule id="r">go <ruleref uri="#inner"/><tag>${tag.replaceAll("&", "&amp;")}</tag></rule><rule id="inner">in<tag>'inner'</tag></rule>`;
    expect(meaning(rules, "go in", 'mode="voice" root="r"')).toEqual(value);
  });
});

describe("without any tag", () => {
  test("the value of keys is the keys, also when a rule stands for each of them", () => {
    const digit = '<rule id="digit"><one-of><item>1</item><item>2</item></one-of></rule>';
    const grammar = compiled(`<rule id="r"><item repeat="4"><ruleref uri="#digit"/></item></rule>${digit}`);
    expect(pressed(grammar, "1212").match?.interpretation).toBe("1212");
  });

  test("the value of words is the words", () => {
    expect(meaning('<rule id="r">new york</rule>', "new york")).toBe("new york");
  });
});
