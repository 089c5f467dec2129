/** Submit (VoiceXML 2.0 5.3.8): values to a server, whose answer is the next document. */
import { fragmentOf, withoutFragment } from "../document/uri.ts";
import { attribute, type XmlElement } from "../document/xml-node.ts";
import type { Value } from "../script/realm.ts";
import type { Completion } from "./completion.ts";
import type { Frame } from "./context.ts";
import { semantic } from "./dialog-event.ts";
import type { FetchBody } from "./effects.ts";
import { splitNames } from "./exports.ts";
import { ask, fetchTerms, requireFetched, requireUri } from "./fetching.ts";
import { emit, type Step } from "./session.ts";
import { loadTarget, targetOfAnswer } from "./targets.ts";

const INPUT_ITEMS: ReadonlySet<string> = new Set(["field", "record", "transfer", "subdialog", "object"]);

export type FormField = { readonly name: string; readonly text: string };

export function* runSubmit(frame: Frame, node: XmlElement): Step<Completion> {
  const { session } = frame.context;
  const expr = attribute(node, "expr");
  const next = expr === null ? attribute(node, "next") : session.realm.textUnlessUndefined(frame.scope, expr);
  if (next === null) throw semantic(`<submit expr="${expr ?? ""}"> is undefined`);
  const fields = formFields(frame, attribute(node, "namelist") ?? defaultNames(frame));
  const terms = fetchTerms(frame, node, "submit");
  const url = requireUri(next, node, frame.base);
  // Nothing to send and nowhere but here: the same as a goto within the document.
  if (next.trim().startsWith("#") && fields.length === 0) {
    return {
      kind: "transition",
      target: yield* loadTarget(frame.context, next, url, terms),
      arrival: null,
    };
  }
  const order = requestFor(node, withoutFragment(url), fields);
  const answer = yield* ask(session, { kind: "submit", ...order, ...terms });
  emit(session, { type: "submitted", url: withoutFragment(url), status: answer.ok ? answer.status : 0 });
  const fetched = requireFetched(order.url, answer);
  const target = yield* targetOfAnswer(frame.context, fetched, fragmentOf(url), terms);
  return { kind: "transition", target, arrival: null };
}

function defaultNames(frame: Frame): string {
  const named = (frame.form?.items ?? []).filter((item) => item.named && INPUT_ITEMS.has(item.kind));
  return named.map((item) => item.name).join(" ");
}

/** Values as text; an undefined one is sent empty, an object as its properties ("a.b"). */
export function formFields(frame: Frame, namelist: string): readonly FormField[] {
  const { realm, limits } = frame.context.session;
  const fields: FormField[] = [];
  for (const name of splitNames(namelist)) flatten(name, realm.evaluate(frame.scope, name), fields);
  const length = fields.reduce((sum, field) => sum + field.text.length, 0);
  if (length > limits.exportCharactersMax) {
    throw semantic(`submits ${length} characters, at most ${limits.exportCharactersMax} are sent`);
  }
  return fields;
}

function flatten(name: string, value: Value, fields: FormField[]): void {
  if (typeof value === "object" && value !== null) {
    for (const [key, inner] of Object.entries(value)) flatten(`${name}.${key}`, inner, fields);
  } else if (value !== undefined) fields.push({ name, text: String(value) });
}

/** The address with a query for GET, a body for POST; `method` and `enctype` of `node`. */
export function requestFor(
  node: XmlElement,
  url: string,
  fields: readonly FormField[],
): { readonly url: string; readonly method: "GET" | "POST"; readonly body: FetchBody | null } {
  const pairs = new URLSearchParams(fields.map((field): [string, string] => [field.name, field.text]));
  if ((attribute(node, "method") ?? "get").toLowerCase() !== "post") {
    const joint = url.includes("?") ? "&" : "?";
    return {
      url: fields.length === 0 ? url : `${url}${joint}${pairs.toString()}`,
      method: "GET",
      body: null,
    };
  }
  if (attribute(node, "enctype")?.trim().toLowerCase() === "multipart/form-data") {
    return { url, method: "POST", body: multipart(fields) };
  }
  const bytes = new TextEncoder().encode(String(pairs));
  return { url, method: "POST", body: { contentType: "application/x-www-form-urlencoded", bytes } };
}

/**
 * The boundary follows from the content, since nothing here may draw lots, and is lengthened until no value holds
 * it. The host puts the sound of recordings in the place of their names.
 */
function multipart(fields: readonly FormField[]): FetchBody {
  let boundary = "reveille-form";
  while (fields.some((field) => field.text.includes(boundary))) boundary += "-x";
  const parts = fields.map(
    (field) =>
      `--${boundary}\r\nContent-Disposition: form-data; name="${field.name.replaceAll('"', "%22")}"\r\n\r\n${field.text}\r\n`,
  );
  const bytes = new TextEncoder().encode(`${parts.join("")}--${boundary}--\r\n`);
  return { contentType: `multipart/form-data; boundary=${boundary}`, bytes };
}
