import { checkDocument } from "./check-document.ts";
import { decodeText } from "./decode-text.ts";
import { DocumentError } from "./document-error.ts";
import { parseXml } from "./parse-xml.ts";
import { resolveUri, withoutFragment } from "./uri.ts";
import { attribute, childElements, type XmlElement } from "./xml-node.ts";

/** A document that passed every static check. Immutable: sessions share it. */
export type VoiceDocument = {
  /** Without fragment. */
  readonly url: string;
  readonly root: XmlElement;
  /** Absolute, without fragment; null for a document that is its own root. */
  readonly application: string | null;
  /** Forms and menus in document order. */
  readonly dialogs: readonly XmlElement[];
};

/** Throws `DocumentError` when the document may not be entered. */
export function compileDocument(bytes: Uint8Array, charset: string | null, url: string): VoiceDocument {
  return compileText(decodeText(bytes, charset, url), url);
}

export function compileText(text: string, url: string): VoiceDocument {
  const place = withoutFragment(url);
  const root = parseXml(text, place);
  checkDocument(root, place);
  return Object.freeze({
    url: place,
    root,
    application: applicationOf(root),
    dialogs: childElements(root).filter((child) => child.local === "form" || child.local === "menu"),
  });
}

function applicationOf(root: XmlElement): string | null {
  const given = attribute(root, "application");
  if (given === null || given.trim() === "") return null;
  const resolved = resolveUri(given, root.baseUri);
  if (resolved === null)
    throw new DocumentError(`application="${given}" is no address; its author must mend it`);
  return withoutFragment(resolved);
}

/** The dialog that `id` names, the first one for null; null when there is none. */
export function findDialog(document: VoiceDocument, id: string | null): XmlElement | null {
  if (id === null) return document.dialogs[0] ?? null;
  return document.dialogs.find((dialog) => attribute(dialog, "id") === id) ?? null;
}
