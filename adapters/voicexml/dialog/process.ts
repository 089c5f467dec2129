/** What an answer does (VoiceXML 2.0 3.1.6 and appendix C): fill, follow, or throw; then the `<filled>` elements. */
import { attribute, childElements, type XmlElement } from "../document/xml-node.ts";
import type { Value } from "../script/realm.ts";
import type { Completion } from "./completion.ts";
import type { Form, Frame, Item } from "./context.ts";
import { DialogEvent, semantic } from "./dialog-event.ts";
import { eventName, execute, messageOf } from "./execute.ts";
import { splitNames } from "./exports.ts";
import { transitionTo } from "./goto.ts";
import type { At } from "./guarded.ts";
import type { Recognition } from "./recognition.ts";
import { emit, type Step } from "./session.ts";

const INPUT_KINDS: ReadonlySet<Item["kind"]> = new Set([
  "field",
  "record",
  "transfer",
  "subdialog",
  "object",
]);

export function* processRecognition(form: Form, heard: Recognition, at: At): Step<Completion | null> {
  const { owner } = heard.active;
  switch (owner.kind) {
    case "link":
    case "choice":
      return yield* follow(form, owner, at);
    case "item":
      fillField(form, owner.item, fieldValue(owner.item, heard), heard);
      return yield* runFilled(form, [owner.item], at);
    case "form":
      if (owner.node !== form.node) return leadToForm(form, owner, heard);
      return yield* runFilled(form, fillBySlots(form, heard), at);
    case "universal":
      throw new DialogEvent(owner.event, "");
    default:
      return owner satisfies never;
  }
}

/** A link or choice: an event at the current place, or a transition. */
function* follow(
  form: Form,
  { node, document }: Extract<Recognition["active"]["owner"], { kind: "link" | "choice" }>,
  at: At,
): Step<Completion> {
  const { realm } = form.context.session;
  const frame = { context: form.context, form, item: at.item, scope: form.scope, base: null };
  if (attribute(node, "event") !== null || attribute(node, "eventexpr") !== null) {
    throw new DialogEvent(eventName(frame, node), messageOf(frame, node) ?? "");
  }
  const expr = attribute(node, "expr");
  const next = expr === null ? attribute(node, "next") : realm.textUnlessUndefined(form.scope, expr);
  if (next === null) throw semantic(`<${node.local} expr="${expr ?? ""}"> is undefined`);
  // A fragment in the root's link means a dialog of the root, wherever the caller is.
  const isForeign = document !== form.context.document && next.trim().startsWith("#");
  return yield* transitionTo(frame, node, isForeign ? document.url + next.trim() : next);
}

/** The grammar of another form was matched: that form begins with this answer in hand. */
function leadToForm(
  form: Form,
  owner: Extract<Recognition["active"]["owner"], { kind: "form" }>,
  heard: Recognition,
): Completion {
  const { context } = form;
  const here = owner.document === context.document;
  return {
    kind: "transition",
    arrival: heard,
    target: {
      document: owner.document,
      root: here ? context.root : null,
      dialog: owner.node,
      newDocument: !here,
      bySubmit: false,
    },
  };
}

/** 3.1.6.1: the property named by the slot, else the whole value. */
function fieldValue(item: Item, heard: Recognition): Value {
  const slot = slotValue(heard.interpretation, attribute(item.node, "slot") ?? item.name);
  return slot === undefined ? heard.interpretation : slot;
}

function fillBySlots(form: Form, heard: Recognition): readonly Item[] {
  const { realm } = form.context.session;
  const filled = form.items.filter((item) => {
    if (item.kind !== "field") return false;
    const value = slotValue(heard.interpretation, attribute(item.node, "slot") ?? item.name);
    if (value === undefined) return false;
    fillField(form, item, value, heard);
    return true;
  });
  if (filled.length > 0) {
    for (const item of form.items) if (item.kind === "initial") realm.setValue(form.scope, item.name, true);
  }
  return filled;
}

/** A slot may be a path: "from.city". */
function slotValue(value: Value, path: string): Value {
  let inner: Value = value;
  for (const name of path.split(".")) {
    if (!isObject(inner) || !Object.hasOwn(inner, name)) return undefined;
    inner = inner[name];
  }
  return inner;
}

function isObject(value: Value): value is { readonly [key: string]: Value } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function fillField(form: Form, item: Item, value: Value, heard: Recognition): void {
  const { session } = form.context;
  session.realm.setValue(form.scope, item.name, value);
  session.realm.setValue(form.scope, `${item.name}$`, {
    confidence: heard.confidence,
    utterance: heard.utterance,
    inputmode: heard.mode,
    interpretation: heard.interpretation,
    markname: session.lastMark?.name,
    marktime: session.lastMark?.afterMs,
  });
  const text = typeof value === "string" ? value : (JSON.stringify(value) ?? "");
  emit(session, { type: "heard", field: item.name, mode: heard.mode, value: text });
}

/** `<filled>` in document order; whatever leads elsewhere, or throws, skips the rest (1148). */
export function* runFilled(form: Form, justFilled: readonly Item[], at: At): Step<Completion | null> {
  for (const child of childElements(form.node)) {
    if (child.local === "filled") {
      if (!formFilledApplies(form, child, justFilled)) continue;
      at.item = null;
      const completion = yield* runOne(form, null, child);
      if (completion !== null) return completion;
      continue;
    }
    const item = justFilled.find((candidate) => candidate.node === child);
    if (item === undefined) continue;
    at.item = item;
    for (const filled of childElements(child).filter((node) => node.local === "filled")) {
      const completion = yield* runOne(form, item, filled);
      if (completion !== null) return completion;
    }
  }
  return null;
}

function formFilledApplies(form: Form, filled: XmlElement, justFilled: readonly Item[]): boolean {
  const given = splitNames(attribute(filled, "namelist") ?? "");
  const items = form.items.filter((item) =>
    given.length === 0 ? INPUT_KINDS.has(item.kind) : given.includes(item.name),
  );
  if (!items.some((item) => justFilled.includes(item))) return false;
  if (attribute(filled, "mode") === "any") return true;
  return items.every((item) => form.context.session.realm.isDefined(form.scope, item.name));
}

function* runOne(form: Form, item: Item | null, filled: XmlElement): Step<Completion | null> {
  const { context } = form;
  const scope = context.session.realm.scope(form.scope, null);
  const frame: Frame = { context, form, item, scope, base: null, reprompt: false };
  const completion = yield* execute(frame, filled.children);
  context.session.realm.release(scope);
  return completion;
}
