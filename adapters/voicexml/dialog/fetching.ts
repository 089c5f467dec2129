/** Fetches as events: what the far side does becomes bytes or an `error.badfetch` (VoiceXML 2.0 5.2.6, 6.1). */

import { resolveUri } from "../document/uri.ts";
import { attribute, type XmlElement } from "../document/xml-node.ts";
import type { Context, Form, Item } from "./context.ts";
import { badFetch, semantic } from "./dialog-event.ts";
import type { FetchAnswer, FetchBody, FetchKind } from "./effects.ts";
import { property, requireTime, timeProperty } from "./properties.ts";
import { answerTo, emit, nextId, type Session, type Step } from "./session.ts";

export type Fetched = Extract<FetchAnswer, { ok: true }>;

export type FetchOrder = {
  readonly kind: FetchKind;
  readonly url: string;
  readonly method?: "GET" | "POST";
  readonly body?: FetchBody | null;
  readonly timeoutMs: number;
  readonly maxAge?: number | null;
  readonly maxStale?: number | null;
};

/** The host's answer, whatever it is. */
export function* ask(session: Session, order: FetchOrder): Step<FetchAnswer> {
  const id = nextId(session);
  emit(session, {
    type: "fetch",
    id,
    kind: order.kind,
    url: order.url,
    method: order.method ?? "GET",
    body: order.body ?? null,
    timeoutMs: order.timeoutMs,
    maxAge: order.maxAge ?? null,
    maxStale: order.maxStale ?? null,
  });
  const input = yield* answerTo(session, "fetched", id);
  return input.answer;
}

/** Throws `error.badfetch…` for everything but a 2xx answer. */
export function* fetchOrThrow(session: Session, order: FetchOrder): Step<Fetched> {
  const answer = yield* ask(session, order);
  return requireFetched(order.url, answer);
}

export function requireFetched(url: string, answer: FetchAnswer): Fetched {
  if (!answer.ok) throw badFetch(`${url}: ${answer.failure}`, failureSuffix(answer.failure));
  if (answer.status < 200 || answer.status > 299) {
    throw badFetch(`${url}: its server answered ${answer.status}`, `.http.${answer.status}`);
  }
  return answer;
}

function failureSuffix(failure: string): string {
  if (failure === "blocked") return ".blocked";
  return failure === "bad-url" ? ".baduri" : "";
}

/** Absolute address of a reference in `node`; throws `error.badfetch.baduri` where there is nothing to resolve against. */
export function requireUri(reference: string, node: XmlElement, base: string | null = null): string {
  const url = resolveUri(reference, base ?? node.baseUri);
  if (url === null)
    throw badFetch(`"${reference}" is no address, or relative in a document that has none`, ".baduri");
  return url;
}

export type FetchTerms = {
  readonly timeoutMs: number;
  readonly maxAge: number | null;
  readonly maxStale: number | null;
};

/** Which properties stand in for `maxage` and `maxstale`: a submit asks for a document (6.1.2 and 6.3.5). */
const FAMILY: Readonly<Record<FetchKind, string>> = {
  document: "document",
  submit: "document",
  grammar: "grammar",
  script: "script",
  audio: "audio",
  data: "data",
};

/** How long and how fresh: the element's attributes, else the properties. Throws `error.semantic` for what is neither. */
export function fetchTerms(
  place: { readonly context: Context; readonly form: Form | null; readonly item: Item | null },
  node: XmlElement,
  kind: FetchKind,
): FetchTerms {
  const timeout = attribute(node, "fetchtimeout");
  const seconds = (name: "maxage" | "maxstale"): number | null => {
    const text = (attribute(node, name) ?? property(place, FAMILY[kind] + name)).trim();
    if (text === "") return null;
    if (!/^\d{1,9}$/.test(text)) throw semantic(`${name} is "${text}"; it is a number of seconds`);
    return Number(text);
  };
  return {
    timeoutMs: timeout === null ? timeProperty(place, "fetchtimeout") : requireTime(timeout, "fetchtimeout"),
    maxAge: seconds("maxage"),
    maxStale: seconds("maxstale"),
  };
}
