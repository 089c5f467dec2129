/** Reads the XML form of SRGS 1.0 from a parsed element. */
import { attribute, SRGS_NS, VXML_NS, type XmlElement, type XmlNode } from "../document/xml-node.ts";
import { resolveReference } from "./external-reference.ts";
import { GrammarError } from "./grammar-error.ts";
import type { GrammarMode } from "./grammar-mode.ts";
import { quotedWords } from "./quoted-words.ts";
import { parseRepeat, parseWeight } from "./repeat-range.ts";
import { choice, type Expansion, type Rule, type RuleSet, repeat, sequence, words } from "./rule-set.ts";

const NESTING_MAX = 100;

/** `uri` is where the grammar came from, null when inline. `mode` is a default, for what declares none. */
export function readSrgsXml(grammar: XmlElement, uri: string | null, mode: GrammarMode = "voice"): RuleSet {
  const rules = new Map<string, Rule>();
  for (const child of elementsOf(grammar)) {
    if (child.local === "rule") addRule(rules, child);
    else if (!HEAD.has(child.local)) throw refused(child, `<${child.local}> can't stand in <grammar>`);
  }
  if (rules.size === 0) throw refused(grammar, "it has no rules");
  return {
    uri,
    mode: readMode(grammar, mode),
    lang: attribute(grammar, "xml:lang") ?? (grammar.lang === "" ? null : grammar.lang),
    root: attribute(grammar, "root"),
    tagFormat: attribute(grammar, "tag-format"),
    headTags: elementsOf(grammar)
      .filter((child) => child.local === "tag")
      .map(textOf),
    rules,
    meta: metaOf(grammar),
  };
}

const HEAD: ReadonlySet<string> = new Set(["meta", "metadata", "lexicon", "tag"]);

function readMode(grammar: XmlElement, byDefault: GrammarMode): GrammarMode {
  const mode = attribute(grammar, "mode") ?? byDefault;
  if (mode !== "voice" && mode !== "dtmf") throw refused(grammar, "mode is neither voice nor dtmf");
  return mode;
}

function addRule(rules: Map<string, Rule>, element: XmlElement): void {
  const id = attribute(element, "id");
  if (id === null || /^(?:NULL|VOID|GARBAGE)$|[:.\s-]/.test(id))
    throw refused(element, "a rule without a usable id");
  if (rules.has(id)) throw refused(element, `rule "${id}" is defined twice`);
  const scope = attribute(element, "scope") ?? "private";
  if (scope !== "private" && scope !== "public")
    throw refused(element, "scope is neither public nor private");
  const expansion = readContent(element, 0);
  if (!hasContent(element)) throw refused(element, `rule "${id}" is empty`);
  rules.set(id, { id, isPublic: scope === "public", expansion, compute: null });
}

function hasContent(element: XmlElement): boolean {
  return element.children.some((child) => (child.kind === "text" ? child.text.trim() !== "" : isOurs(child)));
}

function readContent(element: XmlElement, depth: number): Expansion {
  if (depth > NESTING_MAX) throw refused(element, `nested deeper than ${NESTING_MAX}`);
  return sequence(
    element.children
      .filter(isOurs)
      .map((child) => (child.kind === "text" ? quotedWords(child.text) : readElement(child, depth + 1))),
  );
}

function readElement(element: XmlElement, depth: number): Expansion {
  switch (element.local) {
    case "item":
      return readItem(element, depth);
    case "one-of":
      return readOneOf(element, depth);
    case "ruleref":
      return readRuleref(element);
    case "token":
      return words(textOf(element));
    case "tag":
      return { kind: "tag", text: textOf(element) };
    case "example":
      return sequence([]);
    default:
      throw refused(element, `<${element.local}> is no part of a rule`);
  }
}

function readItem(element: XmlElement, depth: number): Expansion {
  parseWeight(attribute(element, "weight"));
  parseWeight(attribute(element, "repeat-prob"));
  const range = attribute(element, "repeat");
  const content = readContent(element, depth);
  if (range === null) return content;
  const { least, most } = parseRepeat(range);
  return repeat(content, least, most);
}

function readOneOf(element: XmlElement, depth: number): Expansion {
  const items = elementsOf(element);
  const stray = items.find((item) => item.local !== "item");
  if (stray !== undefined) throw refused(stray, "only <item> can stand in <one-of>");
  if (items.length === 0) throw refused(element, "<one-of> without <item>");
  return choice(items.map((item) => readItem(item, depth + 1)));
}

function readRuleref(element: XmlElement): Expansion {
  const uri = attribute(element, "uri");
  const special = attribute(element, "special");
  if ((uri === null) === (special === null)) throw refused(element, "<ruleref> needs one of uri and special");
  if (uri !== null) return resolveReference(uri, element.baseUri);
  switch (special) {
    case "NULL":
      return sequence([]);
    case "VOID":
      return { kind: "void" };
    case "GARBAGE":
      return { kind: "garbage" };
    case null:
    default:
      throw refused(element, "special is none of NULL, VOID and GARBAGE");
  }
}

function metaOf(grammar: XmlElement): ReadonlyMap<string, string> {
  const named = elementsOf(grammar).filter((child) => child.local === "meta");
  return new Map(
    named.flatMap((meta) => {
      const name = attribute(meta, "name");
      return name === null ? [] : [[name, attribute(meta, "content") ?? ""] as const];
    }),
  );
}

// Elements of other namespaces are passed over with all they hold (SRGS 1.0 section 5.4).
function isOurs(node: XmlNode): boolean {
  return node.kind === "text" || node.ns === SRGS_NS || node.ns === VXML_NS || node.ns === "";
}

function elementsOf(element: XmlElement): readonly XmlElement[] {
  return element.children.filter((child): child is XmlElement => child.kind === "element" && isOurs(child));
}

function textOf(element: XmlElement): string {
  return element.children.map((child) => (child.kind === "text" ? child.text : textOf(child))).join("");
}

function refused({ line }: XmlElement, what: string): GrammarError {
  return new GrammarError("error.grammar", `grammar: line ${line}: ${what}`);
}
