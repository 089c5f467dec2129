/**
 * Which grammars listen at a wait, in order of precedence (VoiceXML 2.0 3.1.4): the item's own, then its form's
 * and the form's links, then those of the document, then those of the application root.
 */

import type { VoiceDocument } from "../document/voice-document.ts";
import { attribute, childElements, childrenNamed, type XmlElement } from "../document/xml-node.ts";
import type { Grammar } from "../grammar/grammar.ts";
import type { Context, Form, Item } from "./context.ts";
import { choiceTexts } from "./enumerate.ts";
import {
  compileBuiltinType,
  compileChoiceGrammars,
  compileElement,
  compileOptionGrammars,
  writtenFor,
} from "./grammars.ts";
import { property } from "./properties.ts";
import type { Step } from "./session.ts";

type GrammarOwner =
  | { readonly kind: "item"; readonly item: Item }
  | { readonly kind: "form"; readonly node: XmlElement; readonly document: VoiceDocument }
  | { readonly kind: "link" | "choice"; readonly node: XmlElement; readonly document: VoiceDocument }
  | { readonly kind: "universal"; readonly event: string };

export type ActiveGrammar = { readonly grammar: Grammar; readonly owner: GrammarOwner };

type Place = { readonly context: Context; readonly form: Form; readonly item: Item };

export function* activeGrammars(place: Place): Step<readonly ActiveGrammar[]> {
  const { context, form, item } = place;
  const found: ActiveGrammar[] = [];
  const add = (owner: GrammarOwner, grammars: readonly Grammar[]): void => {
    for (const grammar of grammars) {
      found.push({ grammar: { ...grammar, id: String(found.length) }, owner });
    }
  };
  if (item.kind === "menu") yield* addMenu(place, { node: form.node, document: context.document }, add);
  else yield* addItem(place, add);
  // 2.3.1: a modal item hears nothing but its own grammars.
  if (attribute(item.node, "modal") !== "true") {
    if (item.kind !== "menu") yield* addForm(place, form.node, context.document, add);
    yield* addLinks(place, { node: form.node, document: context.document }, add);
    yield* addDocument(place, context.document, add);
    if (context.root !== null) yield* addDocument(place, context.root, add);
    addUniversals(place, add);
  }
  const modes = property(place, "inputmodes").split(/\s+/);
  const allowed = found.filter((active) => modes.includes(active.grammar.mode));
  return context.session.hearsSpeech ? allowed : allowed.filter((active) => active.grammar.mode === "dtmf");
}

/** help, cancel and exit by voice, heard last; only where the property asks for them (6.3.6). */
function addUniversals(place: Place, add: Add): void {
  const wanted = property(place, "universals").split(/\s+/);
  for (const event of ["help", "cancel", "exit"]) {
    if (wanted.includes("all") || wanted.includes(event)) {
      add({ kind: "universal", event }, compileChoiceGrammars(event, "", "exact"));
    }
  }
}

type Add = (owner: GrammarOwner, grammars: readonly Grammar[]) => void;

function* addItem(place: Place, add: Add): Step<void> {
  const { item } = place;
  const owner: GrammarOwner = { kind: "item", item };
  for (const node of childrenNamed(item.node, "grammar")) add(owner, [yield* compileElement(place, node)]);
  const type = item.kind === "field" ? attribute(item.node, "type") : null;
  if (type !== null) add(owner, compileBuiltinType(type));
  const options = childrenNamed(item.node, "option");
  if (options.length > 0)
    add(
      owner,
      writtenFor(item.node, () => compileOptionGrammars(options)),
    );
  yield* addLinks(place, { node: item.node, document: place.context.document }, add);
}

function* addForm(place: Place, node: XmlElement, document: VoiceDocument, add: Add): Step<void> {
  for (const grammar of childrenNamed(node, "grammar")) {
    add({ kind: "form", node, document }, [yield* compileElement(place, grammar)]);
  }
}

type Within = { readonly node: XmlElement; readonly document: VoiceDocument };

function* addLinks(place: Place, parent: Within, add: Add): Step<void> {
  for (const node of childrenNamed(parent.node, "link")) {
    const owner: GrammarOwner = { kind: "link", node, document: parent.document };
    for (const grammar of childrenNamed(node, "grammar")) add(owner, [yield* compileElement(place, grammar)]);
    const dtmf = attribute(node, "dtmf");
    if (dtmf !== null)
      add(
        owner,
        writtenFor(node, () => compileChoiceGrammars("", dtmf, "exact")),
      );
  }
}

function* addMenu(place: Place, menu: Within, add: Add): Step<void> {
  const accept = attribute(menu.node, "accept") === "approximate" ? "approximate" : "exact";
  for (const choice of choiceTexts(menu.node)) {
    const owner: GrammarOwner = { kind: "choice", node: choice.node, document: menu.document };
    const own = childrenNamed(choice.node, "grammar");
    for (const grammar of own) add(owner, [yield* compileElement(place, grammar)]);
    const given = attribute(choice.node, "accept");
    const how = given === null ? accept : given === "approximate" ? "approximate" : "exact";
    // 2.2.2: a grammar replaces the one made of the text, never the key.
    const text = own.length > 0 ? "" : choice.text;
    add(
      owner,
      writtenFor(choice.node, () => compileChoiceGrammars(text, choice.dtmf, how)),
    );
  }
}

/** Document-scoped grammars: links, dialogs with scope="document" and single form grammars that say so. */
function* addDocument(place: Place, document: VoiceDocument, add: Add): Step<void> {
  yield* addLinks(place, { node: document.root, document }, add);
  for (const dialog of document.dialogs) {
    if (dialog === place.form.node) continue;
    const wide = attribute(dialog, "scope") === "document";
    if (dialog.local === "menu") {
      if (wide) yield* addMenu(place, { node: dialog, document }, add);
      if (wide) yield* addLinks(place, { node: dialog, document }, add);
      continue;
    }
    for (const grammar of childElements(dialog).filter((child) => child.local === "grammar")) {
      if ((attribute(grammar, "scope") ?? (wide ? "document" : "dialog")) !== "document") continue;
      add({ kind: "form", node: dialog, document }, [yield* compileElement(place, grammar)]);
    }
  }
}
