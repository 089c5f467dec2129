import { attribute, childElements, type XmlElement } from "../document/xml-node.ts";
import type { Completion } from "./completion.ts";
import type { Context, Form, Frame, Item } from "./context.ts";
import { runData } from "./data.ts";
import { DialogEvent } from "./dialog-event.ts";
import { declareVariable } from "./execute.ts";
import { runScript } from "./run-script.ts";
import type { Step } from "./session.ts";

const ITEM_KINDS = ["field", "record", "transfer", "subdialog", "object", "initial", "block"] as const;

export function createForm(context: Context, node: XmlElement): Form {
  return {
    context,
    node,
    scope: context.session.realm.scope(context.documentScope, "dialog"),
    items: node.local === "menu" ? [createItem(node, "menu", 0)] : itemsOf(node),
    eventCounts: new Map(),
    silent: false,
  };
}

function itemsOf(form: XmlElement): readonly Item[] {
  return childElements(form).flatMap((node, index) => {
    const kind = ITEM_KINDS.find((candidate) => candidate === node.local);
    return kind === undefined ? [] : [createItem(node, kind, index)];
  });
}

function createItem(node: XmlElement, kind: Item["kind"], index: number): Item {
  const given = kind === "menu" ? null : attribute(node, "name");
  return {
    node,
    kind,
    name: given ?? `reveille_item_${index}`,
    named: given !== null,
    promptCount: 1,
    eventCounts: new Map(),
  };
}

/** Variables, scripts and item variables in document order (VoiceXML 2.0 2.1.6.1). */
export function* initialiseForm(form: Form): Step<Completion | null> {
  const { context, scope } = form;
  const frame: Frame = { context, form, item: null, scope, base: null, reprompt: false };
  const params = context.params;
  context.params = new Map();
  const taken = new Set<string>();
  if (form.node.local === "menu") declareItem(form, form.items[0]);
  for (const node of childElements(form.node)) {
    const name = attribute(node, "name");
    if (name !== null && params.has(name) && node.local === "var") {
      // A parameter wins over the expression, which is not even evaluated (268).
      context.session.realm.declare(scope, name, null);
      context.session.realm.setValue(scope, name, params.get(name));
      taken.add(name);
    } else if (node.local === "var") declareVariable(frame, node);
    else if (node.local === "script") yield* runScript(frame, node);
    else if (node.local === "data") yield* runData(frame, node);
    else
      declareItem(
        form,
        form.items.find((item) => item.node === node),
      );
  }
  for (const name of params.keys()) {
    if (!taken.has(name))
      throw new DialogEvent(
        "error.semantic",
        `<param name="${name}">: the subdialog's form declares no such <var>`,
        { callerToo: true },
      );
  }
  return null;
}

function declareItem(form: Form, item: Item | undefined): void {
  if (item === undefined) return;
  form.context.session.realm.declare(form.scope, item.name, attribute(item.node, "expr"));
}
