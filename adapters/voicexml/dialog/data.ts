/**
 * `<data>` (VoiceXML 2.1 5). JSON answers become plain values (our extension); XML becomes a read-only tree of
 * plain objects, see `dom-subset.ts`.
 */
import { decodeText } from "../document/decode-text.ts";
import { DocumentError } from "../document/document-error.ts";
import { parseXml } from "../document/parse-xml.ts";
import { attribute, type XmlElement } from "../document/xml-node.ts";
import type { Value } from "../script/realm.ts";
import type { Frame } from "./context.ts";
import { badFetch, semantic } from "./dialog-event.ts";
import { domScript, plainTree } from "./dom-subset.ts";
import { type Fetched, fetchOrThrow, fetchTerms, requireUri } from "./fetching.ts";
import type { Step } from "./session.ts";
import { formFields, requestFor } from "./submit.ts";

export function* runData(frame: Frame, node: XmlElement): Step<void> {
  const { session } = frame.context;
  const srcexpr = attribute(node, "srcexpr");
  const src =
    srcexpr === null ? attribute(node, "src") : session.realm.textUnlessUndefined(frame.scope, srcexpr);
  if (src === null) throw semantic(`<data srcexpr="${srcexpr ?? ""}"> is undefined`);
  const fields = formFields(frame, attribute(node, "namelist") ?? "");
  const order = requestFor(node, requireUri(src, node, frame.base), fields);
  const answer = yield* fetchOrThrow(session, {
    kind: "data",
    ...order,
    ...fetchTerms(frame, node, "data"),
  });
  const name = attribute(node, "name");
  if (name === null) return;
  if (name.includes("."))
    throw semantic(`<data name="${name}">: a variable is declared without a scope before it`);
  const text = readText(answer);
  if (answer.contentType?.endsWith("json"))
    session.realm.setValue(frame.scope, name, readJson(text, answer.url));
  else exposeXml(frame, name, readXml(text, answer.url));
}

/** The tree goes in as JSON and is made a DOM by a script inside the realm. */
function exposeXml(frame: Frame, name: string, root: XmlElement): void {
  const { realm } = frame.context.session;
  realm.setValue(frame.scope, name, plainTree(root));
  realm.run(frame.scope, domScript(name));
}

function readText(answer: Fetched): string {
  return orBadFetch(() => decodeText(answer.bytes, answer.charset, answer.url));
}

function readXml(text: string, url: string): XmlElement {
  return orBadFetch(() => parseXml(text, url));
}

function readJson(text: string, url: string): Value {
  try {
    // oxlint-disable-next-line no-unsafe-type-assertion -- JSON.parse gives JSON
    return JSON.parse(text) as Value;
  } catch {
    throw badFetch(`${url}: said to be JSON and is not`);
  }
}

function orBadFetch<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof DocumentError) throw badFetch(error.message);
    throw error;
  }
}
