/**
 * What VoiceXML calls an error of the document rather than of its run: found before the document is entered, so
 * that the referring document hears `error.badfetch` (VoiceXML 2.0 5.2.6). ECMAScript is not looked at here: a
 * bad expression is an `error.semantic` at the moment that it would be evaluated, and not before.
 */
import { DocumentError } from "./document-error.ts";
import { checkPlace, VXML_ELEMENTS } from "./element-places.ts";
import { attribute, childElements, childrenNamed, isBlank, VXML_NS, type XmlElement } from "./xml-node.ts";

type Rule = { readonly names: readonly string[]; readonly least: 0 | 1 };

const INLINE = "inline content";

/** Exactly one (`least` 1) or at most one (`least` 0) of these may be given. */
const ALTERNATIVES: Readonly<Record<string, readonly Rule[]>> = {
  goto: [{ names: ["next", "expr", "nextitem", "expritem"], least: 1 }],
  submit: [{ names: ["next", "expr"], least: 1 }],
  throw: [
    { names: ["event", "eventexpr"], least: 1 },
    { names: ["message", "messageexpr"], least: 0 },
  ],
  choice: [
    { names: ["next", "expr", "event", "eventexpr"], least: 1 },
    { names: ["message", "messageexpr"], least: 0 },
  ],
  link: [
    { names: ["next", "expr", "event", "eventexpr"], least: 1 },
    { names: ["message", "messageexpr"], least: 0 },
  ],
  return: [
    { names: ["event", "eventexpr", "namelist"], least: 0 },
    { names: ["message", "messageexpr"], least: 0 },
  ],
  exit: [{ names: ["expr", "namelist"], least: 0 }],
  audio: [{ names: ["src", "expr"], least: 1 }],
  script: [{ names: ["src", "srcexpr", INLINE], least: 1 }],
  grammar: [{ names: ["src", "srcexpr", INLINE], least: 1 }],
  subdialog: [{ names: ["src", "srcexpr"], least: 1 }],
  data: [{ names: ["src", "srcexpr"], least: 1 }],
  transfer: [
    { names: ["dest", "destexpr"], least: 1 },
    { names: ["bridge", "type"], least: 0 },
    { names: ["aai", "aaiexpr"], least: 0 },
  ],
  param: [{ names: ["value", "expr"], least: 1 }],
  mark: [{ names: ["name", "nameexpr"], least: 1 }],
  meta: [{ names: ["name", "http-equiv"], least: 1 }],
};

const REQUIRED: Readonly<Record<string, readonly string[]>> = {
  if: ["cond"],
  elseif: ["cond"],
  var: ["name"],
  assign: ["name", "expr"],
  property: ["name", "value"],
  param: ["name"],
  foreach: ["array", "item"],
  value: ["expr"],
};

const INPUT_ITEMS: ReadonlySet<string> = new Set(["field", "record", "transfer", "subdialog", "object"]);
const FORM_ITEMS: ReadonlySet<string> = new Set([...INPUT_ITEMS, "initial", "block"]);

/** Throws `DocumentError` for the first rule that the document breaks. */
export function checkDocument(root: XmlElement, url: string): void {
  if (root.local !== "vxml" || (root.ns !== "" && root.ns !== VXML_NS)) {
    throw new DocumentError(`${url}: the root element is <${root.local}>, not <vxml>`);
  }
  checkIds(root, url);
  checkElement(root, null, { url, inPrompt: false });
}

type Walk = { readonly url: string; readonly inPrompt: boolean };

function checkElement(element: XmlElement, parent: XmlElement | null, walk: Walk): void {
  const { url } = walk;
  if ((element.ns === VXML_NS || element.ns === "") && !VXML_ELEMENTS.has(element.local)) {
    refuse(element, url, "is no element of VoiceXML 2.1");
  }
  checkAlternatives(element, url);
  for (const name of REQUIRED[element.local] ?? []) {
    if (attribute(element, name) === null) refuse(element, url, `lacks its attribute "${name}"`);
  }
  const why = parent === null ? null : checkPlace(element, parent, walk.inPrompt);
  if (why !== null) refuse(element, url, why);
  if (parent !== null) checkBelonging(element, parent, url);
  if (element.local === "form") checkItemNames(element, url);
  // Inside a grammar SRGS rules hold, and its compiler judges them.
  if (element.local === "grammar" || element.local === "metadata") return;
  const inner = { url, inPrompt: walk.inPrompt || element.local === "prompt" };
  for (const child of childElements(element)) checkElement(child, element, inner);
}

function checkAlternatives(element: XmlElement, url: string): void {
  for (const rule of ALTERNATIVES[element.local] ?? []) {
    const given = rule.names.filter((name) =>
      name === INLINE ? hasContent(element) : attribute(element, name) !== null,
    );
    if (given.length > 1) refuse(element, url, `has ${given.join(" and ")}; give one of them`);
    if (given.length < rule.least) refuse(element, url, `needs one of ${rule.names.join(", ")}`);
  }
}

/** Attributes that depend on where their element stands. */
function checkBelonging(element: XmlElement, parent: XmlElement, url: string): void {
  const given = (...names: readonly string[]): string | undefined =>
    names.find((name) => attribute(element, name) !== null);
  // 3.1.3: grammars of input items, links and choices have the scope of what holds them.
  if (element.local === "grammar" && parent.local !== "form" && given("scope") !== undefined)
    refuse(element, url, `in <${parent.local}> may not have a scope`);
  // 2.4: within an input item there is nothing to choose from.
  if (element.local === "filled" && parent.local !== "form") {
    const stray = given("mode", "namelist");
    if (stray !== undefined) refuse(element, url, `in <${parent.local}> may not have a ${stray}`);
  }
  // 2.2.1: beside numbers that the menu gives, only the keys that it never gives.
  if (element.local === "choice" && attribute(parent, "dtmf") === "true") {
    const key = attribute(element, "dtmf")?.trim() ?? "*";
    if (key !== "*" && key !== "#" && key !== "0")
      refuse(element, url, `has dtmf="${key}" in a menu that numbers its choices; only *, # and 0 are free`);
  }
}

function hasContent(element: XmlElement): boolean {
  return element.children.some((child) => child.kind === "element" || !isBlank(child.text));
}

function checkIds(root: XmlElement, url: string): void {
  const seen = new Set<string>();
  for (const dialog of childElements(root)) {
    const id = dialog.local === "form" || dialog.local === "menu" ? attribute(dialog, "id") : null;
    if (id === null) continue;
    if (seen.has(id)) refuse(dialog, url, `repeats the id "${id}"`);
    seen.add(id);
  }
}

/** VoiceXML 2.0 2.1.2: form item names are unique within their form. */
function checkItemNames(form: XmlElement, url: string): void {
  const seen = new Set<string>();
  for (const item of childElements(form)) {
    const name = FORM_ITEMS.has(item.local) ? attribute(item, "name") : null;
    if (name === null) continue;
    if (seen.has(name)) refuse(item, url, `repeats the name "${name}"`);
    seen.add(name);
  }
  for (const filled of childrenNamed(form, "filled")) checkNamelist(form, filled, url);
}

/** VoiceXML 2.0 2.4: a namelist may name input items of this form only. */
function checkNamelist(form: XmlElement, filled: XmlElement, url: string): void {
  const names = new Set(
    childElements(form)
      .filter((item) => INPUT_ITEMS.has(item.local))
      .map((item) => attribute(item, "name")),
  );
  for (const name of (attribute(filled, "namelist") ?? "").split(/\s+/).filter((word) => word !== "")) {
    if (!names.has(name)) refuse(filled, url, `names "${name}", which is no input item of its form`);
  }
}

function refuse(element: XmlElement, url: string, why: string): never {
  throw new DocumentError(`${url}: line ${element.line}: <${element.local}> ${why}`);
}
