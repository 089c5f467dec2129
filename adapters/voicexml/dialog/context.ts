/** Where the interpreter stands: the documents, dialog and scopes that names, handlers and properties come from. */
import type { VoiceDocument } from "../document/voice-document.ts";
import type { XmlElement } from "../document/xml-node.ts";
import type { Scope, Value } from "../script/realm.ts";
import type { Session } from "./session.ts";

/** One execution context: the session's own, or that of a subdialog, which shares nothing but the session. */
export type Context = {
  readonly session: Session;
  readonly depth: number;
  document: VoiceDocument;
  /** The application root, when it is another document than the active one. */
  root: VoiceDocument | null;
  applicationUrl: string;
  applicationScope: Scope;
  documentScope: Scope;
  /** Values for the variables of the first form, as JSON, by name; emptied when that form has taken them. */
  params: ReadonlyMap<string, Value>;
};

/** A form item, with the state that one visit of its form keeps. */
export type Item = {
  readonly node: XmlElement;
  readonly kind: "field" | "record" | "transfer" | "subdialog" | "object" | "initial" | "block" | "menu";
  /** Of its variable; internal for items without a name (VoiceXML 2.0 2.1.2). */
  readonly name: string;
  readonly named: boolean;
  promptCount: number;
  readonly eventCounts: Map<string, number>;
};

export type Form = {
  readonly context: Context;
  /** A form or a menu. */
  readonly node: XmlElement;
  readonly scope: Scope;
  readonly items: readonly Item[];
  readonly eventCounts: Map<string, number>;
  /** The last turn ended in a handler that did not say `<reprompt>`: prompts stay silent once. */
  silent: boolean;
};

/** What executable content runs in. */
export type Frame = {
  readonly context: Context;
  readonly form: Form | null;
  readonly item: Item | null;
  /** The anonymous scope of this block, filled or handler, or the scope being initialised. */
  readonly scope: Scope;
  /**
   * Against what relative addresses resolve, when not against their own element: in a handler of another document
   * they are those of the active one (5.2.4, "as if by copy").
   */
  readonly base: string | null;
  /** Set by `<reprompt>`. */
  reprompt: boolean;
};

/**
 * Elements that hold handlers, properties and links, innermost first: item, dialog, document, root, defaults.
 * VoiceXML 2.0 5.2.4 and 6.3.
 */
export function enclosing(context: Context, form: Form | null, item: Item | null): readonly XmlElement[] {
  const levels: XmlElement[] = [];
  if (item !== null && item.node !== form?.node) levels.push(item.node);
  if (form !== null) levels.push(form.node);
  levels.push(context.document.root);
  if (context.root !== null) levels.push(context.root.root);
  levels.push(context.session.defaults.root);
  return levels;
}
