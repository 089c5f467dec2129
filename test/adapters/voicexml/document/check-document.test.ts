import { expect, test } from "vitest";
import { DocumentError } from "../../../../adapters/voicexml/document/document-error.ts";
import { parseTime } from "../../../../adapters/voicexml/document/time-designation.ts";
import { resolveUri } from "../../../../adapters/voicexml/document/uri.ts";
import { compileText, findDialog } from "../../../../adapters/voicexml/document/voice-document.ts";

const URL = "http://example.test/a/b.vxml";

function compile(body: string) {
  return compileText(`<vxml version="2.1" xmlns="http://www.w3.org/2001/vxml">${body}</vxml>`, URL);
}

function block(content: string): string {
  return `<form><block>${content}</block></form>`;
}

test.each([
  ["goto without a target", block("<goto/>")],
  ["goto with two targets", block(`<goto next="#a" expr="'#b'"/>`)],
  ["submit without a target", block("<submit/>")],
  ["throw with two events", block(`<throw event="a" eventexpr="'b'"/>`)],
  ["exit with expression and names", block(`<exit expr="1" namelist="a"/>`)],
  ["audio with two sources", block(`<audio src="a" expr="'b'"/>`)],
  ["script with source and content", block(`<script src="a">var b;</script>`)],
  ["an empty grammar", `<form><field name="f"><grammar/></field></form>`],
  ["if without a condition", block("<if>x</if>")],
  ["assign without an expression", block(`<assign name="a"/>`)],
  ["subdialog without a source", `<form><subdialog name="s"/></form>`],
  ["transfer with bridge and type", `<form><transfer dest="tel:1" bridge="true" type="blind"/></form>`],
  ["an element that VoiceXML does not have", block("<sing/>")],
  ["a field in a block", block(`<field name="f"/>`)],
  ["executable content in a prompt", block(`<prompt><goto next="#a"/></prompt>`)],
  ["two forms of one id", `<form id="a"/><form id="a"/>`],
  ["two items of one name", `<form><field name="a"/><block name="a"/></form>`],
  ["a namelist of no input item", `<form><field name="a"/><filled namelist="b"/></form>`],
])("%s makes a document that is not entered", (_name, body) => {
  expect(() => compile(body)).toThrow(DocumentError);
});

test("a document of another language is refused by name", () => {
  expect(() => compileText("<html/>", URL)).toThrow(/<html>, not <vxml>/);
});

test("bad ECMAScript is no fault of the document before it is evaluated (378, 517)", () => {
  expect(() => compile(block(`<value expr="1 +"/>`))).not.toThrow();
});

test("without a name the first dialog is meant (12), forms and menus alike", () => {
  const document = compile(`<var name="x"/><menu id="m"/><form id="f"/>`);
  expect(findDialog(document, null)?.local).toBe("menu");
  expect(findDialog(document, "f")?.local).toBe("form");
  expect(findDialog(document, "g")).toBeNull();
});

test("the application root is resolved, and its fragment dropped", () => {
  const text = `<vxml version="2.1" application="../root.vxml#x"/>`;
  expect(compileText(text, URL).application).toBe("http://example.test/root.vxml");
});

test("relative links of an inline document lead nowhere, absolute ones do", () => {
  expect(resolveUri("next.vxml", "reveille:inline/rq_1")).toBeNull();
  expect(resolveUri("http://example.test/x", "reveille:inline/rq_1")).toBe("http://example.test/x");
  expect(resolveUri("#form", "reveille:inline/rq_1")).toBe("reveille:inline/rq_1#form");
});

test.each([
  ["5s", 5_000],
  ["100ms", 100],
  ["1.5s", 1_500],
  [".5s", 500],
  ["5", null],
  ["-1s", null],
  ["5 s", null],
  ["", null],
])("the time %j is %j milliseconds", (text, expected) => {
  expect(parseTime(text)).toBe(expected);
});
