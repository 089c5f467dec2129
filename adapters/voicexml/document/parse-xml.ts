/**
 * Strict XML into a frozen tree, with caps. The parser resolves no external entity and refuses a DTD's internal
 * subset, so there is nothing to blow up; depth is capped in the event handler because the parser's own cost is
 * quadratic in it.
 */
import { SaxesParser, type SaxesTagNS } from "saxes";
import { DocumentError } from "./document-error.ts";
import { resolveUri } from "./uri.ts";
import type { XmlElement, XmlNode } from "./xml-node.ts";

export type XmlLimits = {
  readonly charactersMax: number;
  readonly depthMax: number;
  readonly elementsMax: number;
  readonly attributesMax: number;
};

export const DOCUMENT_LIMITS: XmlLimits = {
  charactersMax: 256 * 1024,
  depthMax: 100,
  elementsMax: 10_000,
  attributesMax: 100,
};

type Open = {
  readonly tag: SaxesTagNS;
  readonly line: number;
  readonly column: number;
  readonly baseUri: string;
  readonly lang: string;
  readonly children: XmlNode[];
};

const XML_NS = "http://www.w3.org/XML/1998/namespace";

/** Throws `DocumentError` with the place for ill-formed text and for every breach of `limits`. */
export function parseXml(text: string, url: string, limits: XmlLimits = DOCUMENT_LIMITS): XmlElement {
  if (text.length > limits.charactersMax) {
    throw new DocumentError(`${url}: ${text.length} characters, at most ${limits.charactersMax} are read`);
  }
  const builder = createTreeBuilder(url, limits);
  const parser = new SaxesParser({ xmlns: true, position: true });
  parser.on("error", (error) => {
    throw new DocumentError(`${url}: not well-formed XML: ${error.message}`);
  });
  parser.on("doctype", (doctype) => builder.doctype(doctype));
  parser.on("opentagstart", () => builder.enter(parser.line, parser.column));
  parser.on("attribute", () => builder.countAttribute(parser.line));
  parser.on("opentag", (tag) => builder.open(tag));
  parser.on("text", (data) => builder.text(data));
  parser.on("cdata", (data) => builder.text(data));
  parser.on("closetag", () => builder.close());
  parser.write(text).close();
  return builder.root();
}

function createTreeBuilder(url: string, limits: XmlLimits) {
  const stack: Open[] = [];
  let root: XmlElement | null = null;
  let elementCount = 0;
  let depth = 0;
  let attributeCount = 0;
  let place = { line: 1, column: 0 };
  const refuse = (why: string): never => {
    throw new DocumentError(`${url}: line ${place.line}: ${why}`);
  };
  return {
    doctype(doctype: string): void {
      // An external identifier is common in real documents and is never fetched; a subset could define entities.
      if (doctype.includes("["))
        refuse("a DOCTYPE with an internal subset is not accepted; remove the part in []");
    },
    enter(line: number, column: number): void {
      place = { line, column };
      attributeCount = 0;
      elementCount += 1;
      depth += 1;
      if (depth > limits.depthMax) refuse(`elements nest deeper than ${limits.depthMax}`);
      if (elementCount > limits.elementsMax) refuse(`more than ${limits.elementsMax} elements`);
    },
    countAttribute(line: number): void {
      attributeCount += 1;
      if (attributeCount > limits.attributesMax) {
        place = { line, column: 0 };
        refuse(`more than ${limits.attributesMax} attributes on one element`);
      }
    },
    open(tag: SaxesTagNS): void {
      const parent = stack.at(-1);
      const base = tag.attributes["xml:base"]?.value;
      const outer = parent?.baseUri ?? url;
      stack.push({
        tag,
        ...place,
        baseUri: base === undefined ? outer : (resolveUri(base, outer) ?? outer),
        lang: tag.attributes["xml:lang"]?.value ?? parent?.lang ?? "",
        children: [],
      });
    },
    text(data: string): void {
      stack.at(-1)?.children.push(Object.freeze({ kind: "text", text: data }));
    },
    close(): void {
      const open = stack.pop();
      if (open === undefined) return;
      depth -= 1;
      const element = freezeElement(open);
      const parent = stack.at(-1);
      if (parent === undefined) root = element;
      else parent.children.push(element);
    },
    root(): XmlElement {
      return root ?? refuse("no root element");
    },
  };
}

function freezeElement(open: Open): XmlElement {
  const attributes = new Map<string, string>();
  for (const given of Object.values(open.tag.attributes)) {
    if (given.prefix === "xmlns" || given.name === "xmlns") continue;
    attributes.set(
      given.uri === XML_NS ? `xml:${given.local}` : given.uri === "" ? given.local : given.name,
      given.value,
    );
  }
  return Object.freeze({
    kind: "element",
    ns: open.tag.uri,
    local: open.tag.local,
    attributes,
    children: Object.freeze(open.children),
    line: open.line,
    column: open.column,
    baseUri: open.baseUri,
    lang: open.lang,
  });
}
