import { expect, test } from "vitest";
import { parseXml } from "../../../../adapters/voicexml/document/parse-xml.ts";
import { compileGrammar } from "../../../../adapters/voicexml/grammar/compile-grammar.ts";
import { parseTree } from "../../../../adapters/voicexml/grammar/parse-tree.ts";
import type { RuleSet } from "../../../../adapters/voicexml/grammar/rule-set.ts";
import { readSrgsAbnf } from "../../../../adapters/voicexml/grammar/srgs-abnf.ts";
import { readSrgsXml } from "../../../../adapters/voicexml/grammar/srgs-xml.ts";

const HOST = "http://localhost/";
const xml = (name: string, rules: string): RuleSet =>
  readSrgsXml(
    parseXml(
      `<grammar xmlns="http://www.w3.org/2001/06/grammar" root="r" version="1.0">${rules}</grammar>`,
      HOST + name,
    ),
    HOST + name,
  );
const abnf = (name: string, body: string): RuleSet =>
  readSrgsAbnf(`#ABNF 1.0;${body}`, HOST + name, HOST + name);

const loaded = new Map(
  [
    xml(
      "manners.grxml",
      '<rule id="r">hello</rule><rule id="ask" scope="public"><one-of><item>please</item><item>kindly</item></one-of></rule>',
    ),
    abnf("names.gram", "root $r; private $r = Ann | Bob; public $polite = $<manners.grxml#ask>;"),
  ].map((set) => [set.uri ?? "", set] as const),
);

test("an XML grammar uses rules of an ABNF one, which uses rules of an XML one", () => {
  const home = xml(
    "home.grxml",
    '<rule id="r"><item repeat="0-1"><ruleref uri="names.gram#polite"/></item>call <ruleref uri="names.gram"/></rule>',
  );
  const grammar = compileGrammar(home, { id: "g", loaded });
  expect(parseTree(grammar, "kindly call bob")).toBe(
    '$r[$<names.gram#polite>[$<manners.grxml#ask>["kindly"]],"call",$<names.gram>["Bob"]]',
  );
  expect(parseTree(grammar, "call")).toBe("REJECT");
});

test("an ABNF grammar uses an XML one, and another public rule of it can be activated in place of the root", () => {
  const home = abnf(
    "home.gram",
    "root $r; $r = $<manners.grxml#ask> go; public $greeting = $<manners.grxml>;",
  );
  expect(parseTree(compileGrammar(home, { id: "g", loaded }), "please go")).toBe(
    '$r[$<manners.grxml#ask>["please"],"go"]',
  );
  expect(parseTree(compileGrammar(home, { id: "g", rule: "greeting", loaded }), "hello")).toBe(
    '$greeting[$<manners.grxml>["hello"]]',
  );
});
