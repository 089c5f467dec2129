/** An element of a parsed document. Frozen and shared by every session that runs the document: it holds no state. */
export type XmlElement = {
  readonly kind: "element";
  /** Namespace URI; empty when there is none. */
  readonly ns: string;
  readonly local: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly XmlNode[];
  readonly line: number;
  readonly column: number;
  /** Against what relative addresses inside this element are resolved (`xml:base`). */
  readonly baseUri: string;
  /** BCP 47 (`xml:lang`); empty when nobody said. */
  readonly lang: string;
};

type XmlText = { readonly kind: "text"; readonly text: string };

export type XmlNode = XmlElement | XmlText;

export const VXML_NS = "http://www.w3.org/2001/vxml";
export const SRGS_NS = "http://www.w3.org/2001/06/grammar";
const SSML_NS = "http://www.w3.org/2001/10/synthesis";

/** Namespaces whose elements are ours to understand; elements of all others are passed over. */
const KNOWN_NS: ReadonlySet<string> = new Set(["", VXML_NS, SRGS_NS, SSML_NS]);

export function isKnown(element: XmlElement): boolean {
  return KNOWN_NS.has(element.ns);
}

export function childElements(element: XmlElement): readonly XmlElement[] {
  return element.children.filter((child): child is XmlElement => child.kind === "element" && isKnown(child));
}

export function childrenNamed(element: XmlElement, local: string): readonly XmlElement[] {
  return childElements(element).filter((child) => child.local === local);
}

export function attribute(element: XmlElement, name: string): string | null {
  return element.attributes.get(name) ?? null;
}

/** All character data below `element`, in document order. */
export function textContent(element: XmlElement): string {
  let text = "";
  for (const child of element.children) text += child.kind === "text" ? child.text : textContent(child);
  return text;
}

export function isBlank(text: string): boolean {
  return text.trim() === "";
}

/** White space at both ends dropped, inner runs made one space: how SRGS and SSML compare and speak text. */
export function normalizeSpace(text: string): string {
  return text.trim().replace(/\s+/g, " ");
}
