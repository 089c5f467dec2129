/** Fetches as events: what the far side does becomes bytes or an `error.badfetch` (VoiceXML 2.0 5.2.6, 6.1). */

import { resolveUri } from "../document/uri.ts";
import { attribute, type XmlElement } from "../document/xml-node.ts";
import type { Context, Form, Item } from "./context.ts";
import { badFetch } from "./dialog-event.ts";
import type { FetchAnswer, FetchBody, FetchKind } from "./effects.ts";
import { requireTime, timeProperty } from "./properties.ts";
import { answerTo, emit, nextId, type Session, type Step } from "./session.ts";

export type Fetched = Extract<FetchAnswer, { ok: true }>;

export type FetchOrder = {
  readonly kind: FetchKind;
  readonly url: string;
  readonly method?: "GET" | "POST";
  readonly body?: FetchBody | null;
  readonly timeoutMs: number;
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

/** The `fetchtimeout` attribute, else the property of that name. */
export function fetchTimeoutOf(
  place: { readonly context: Context; readonly form: Form | null; readonly item: Item | null },
  node: XmlElement,
): number {
  const given = attribute(node, "fetchtimeout");
  return given === null ? timeProperty(place, "fetchtimeout") : requireTime(given, "fetchtimeout");
}
