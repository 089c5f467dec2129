/**
 * Prompts become pieces when they are queued, not when they play: expressions in them run exactly once (373, 523),
 * and an audio file that can't be had is replaced by its alternate content without an event (VoiceXML 2.0 4.1.3).
 */
import { resolveUri } from "../document/uri.ts";
import {
  attribute,
  childElements,
  isKnown,
  textContent,
  type XmlElement,
  type XmlNode,
} from "../document/xml-node.ts";
import type { Frame } from "./context.ts";
import { choiceTexts } from "./enumerate.ts";
import { ask, fetchTerms } from "./fetching.ts";
import { createPromptWriter, type PromptWriter, type Style, spokenText } from "./prompt-writer.ts";
import { property, requireTime } from "./properties.ts";
import { breach, countElement, type QueuedPrompt, type Step } from "./session.ts";
import { breakLengthMs, prosody, sayAs } from "./ssml.ts";

/** A reference to what `<record>` kept: the host has the sound, the document only this name of it. */
export const RECORDING_SCHEME = "reveille:recording/";

const DEFAULT_LANG = "en-US";

/** Queues one `<prompt>` element, or a run of bare content that stands for one. */
export function* queuePrompt(
  frame: Frame,
  prompt: XmlElement | null,
  content: readonly XmlNode[],
): Step<void> {
  const writer = createPromptWriter();
  const lang = prompt?.lang ?? frame.form?.node.lang ?? frame.context.document.root.lang;
  yield* write(frame, content, promptStyle(lang), writer);
  const pieces = writer.finish();
  if (pieces.length === 0) return;
  const session = frame.context.session;
  session.queuedCharacters += spokenText(pieces).length;
  if (session.queuedCharacters > session.limits.queuedCharactersMax) {
    session.queuedCharacters = 0;
    breach(
      session,
      "prompts",
      `more than ${session.limits.queuedCharactersMax} characters queued to be spoken`,
    );
  }
  session.prompts.push({ pieces, ...terms(frame, prompt) });
}

function terms(frame: Frame, prompt: XmlElement | null): Omit<QueuedPrompt, "pieces"> {
  const bargein = (prompt && attribute(prompt, "bargein")) ?? property(frame, "bargein");
  const bargeinType = (prompt && attribute(prompt, "bargeintype")) ?? property(frame, "bargeintype");
  const timeout = prompt && attribute(prompt, "timeout");
  return {
    bargein: bargein !== "false",
    bargeinType: bargeinType === "hotword" ? "hotword" : "speech",
    timeoutMs: timeout === null ? null : requireTime(timeout, "prompt timeout"),
  };
}

/** How a prompt in `lang` begins; nobody having said a language, it is English. */
export function promptStyle(lang: string): Style {
  return { lang: lang === "" ? DEFAULT_LANG : lang, voice: null, rate: 1, pitch: 1, volume: 1 };
}

function* write(frame: Frame, nodes: readonly XmlNode[], style: Style, writer: PromptWriter): Step<void> {
  for (const node of nodes) {
    if (node.kind === "text") writer.text(node.text, style);
    else if (isKnown(node)) yield* writeElement(frame, node, style, writer);
  }
}

function* writeElement(frame: Frame, node: XmlElement, outer: Style, writer: PromptWriter): Step<void> {
  const { context, scope } = frame;
  const { realm } = context.session;
  countElement(context.session);
  const style = styleOf(node, outer);
  switch (node.local) {
    case "value":
      writer.text(realm.textUnlessUndefined(scope, attribute(node, "expr") ?? "") ?? "", style);
      return;
    case "audio":
      yield* writeAudio(frame, node, style, writer);
      return;
    case "mark": {
      const expr = attribute(node, "nameexpr");
      writer.mark(expr === null ? (attribute(node, "name") ?? "") : realm.text(scope, expr), style);
      return;
    }
    case "enumerate":
      yield* writeEnumerate(frame, node, style, writer);
      return;
    case "foreach":
      yield* writeForeach(frame, node, style, writer);
      return;
    case "say-as":
      yield* writeSayAs(frame, node, style, writer);
      return;
    default: {
      const inner = writeMarkup(node, style, writer);
      if (inner !== null) yield* write(frame, node.children, inner, writer);
    }
  }
}

/** Markup that needs no document: what it says itself is written, and the style for what is inside it answered, if that is to be spoken. */
function writeMarkup(node: XmlElement, style: Style, writer: PromptWriter): Style | null {
  switch (node.local) {
    case "break":
      writer.pause(breakLengthMs(node), style);
      return null;
    case "sub":
      writer.text(attribute(node, "alias") ?? textContent(node), style);
      return null;
    case "prosody":
      return prosody(node, style);
    case "voice":
      return { ...style, voice: attribute(node, "name") };
    // Described for readers of the document, never spoken (SSML 1.0 3.3.3).
    case "desc":
    case "lexicon":
    case "meta":
    case "metadata":
      return null;
    default:
      return style;
  }
}

/** As `write`, for content that holds nothing to be evaluated or fetched. */
export function writeStatic(nodes: readonly XmlNode[], style: Style, writer: PromptWriter): void {
  for (const node of nodes) {
    if (node.kind === "text") writer.text(node.text, style);
    else if (isKnown(node)) {
      const own = styleOf(node, style);
      if (node.local === "say-as") {
        const inner = createPromptWriter();
        writeStatic(node.children, own, inner);
        writeSpelled(node, inner, own, writer);
        continue;
      }
      const inside = writeMarkup(node, own, writer);
      if (inside !== null) writeStatic(node.children, inside, writer);
    }
  }
}

function styleOf(node: XmlElement, outer: Style): Style {
  return node.lang === "" || !attribute(node, "xml:lang") ? outer : { ...outer, lang: node.lang };
}

function writeSpelled(node: XmlElement, inner: PromptWriter, style: Style, writer: PromptWriter): void {
  const kind = attribute(node, "interpret-as") ?? attribute(node, "type") ?? "";
  writer.text(sayAs(spokenText(inner.finish()), kind), style);
}

/** The say-as hint applies to text and values alike, so they are gathered as text first. */
function* writeSayAs(frame: Frame, node: XmlElement, style: Style, writer: PromptWriter): Step<void> {
  const inner = createPromptWriter();
  yield* write(frame, node.children, style, inner);
  writeSpelled(node, inner, style, writer);
}

function* writeAudio(frame: Frame, node: XmlElement, style: Style, writer: PromptWriter): Step<void> {
  const { session } = frame.context;
  const expr = attribute(node, "expr");
  const source =
    expr === null ? attribute(node, "src") : session.realm.textUnlessUndefined(frame.scope, expr);
  // VoiceXML 2.0 4.1.3: an undefined expression means that the element is ignored, its content too.
  if (source === null) return;
  if (source.startsWith(RECORDING_SCHEME)) {
    writer.piece({ kind: "recording", recording: source });
    return;
  }
  const url = resolveUri(source, frame.base ?? node.baseUri);
  if (url !== null && !session.final) {
    const answer = yield* ask(session, { kind: "audio", url, ...fetchTerms(frame, node, "audio") });
    if (answer.ok && answer.status >= 200 && answer.status < 300) {
      writer.piece({ kind: "audio", url });
      return;
    }
  }
  yield* write(frame, node.children, style, writer);
}

/** `_prompt` and `_dtmf` are known in the template only (VoiceXML 2.0 2.2.4). */
function* writeEnumerate(frame: Frame, node: XmlElement, style: Style, writer: PromptWriter): Step<void> {
  const owner = frame.item?.node ?? frame.form?.node;
  if (owner === undefined) return;
  const template = childElements(node).length > 0 || textContent(node).trim() !== "";
  const { realm } = frame.context.session;
  for (const choice of choiceTexts(owner)) {
    if (!template) {
      writer.text(`${choice.text};`, style);
      continue;
    }
    const scope = realm.scope(frame.scope, null);
    realm.declare(scope, "_prompt", JSON.stringify(choice.text));
    realm.declare(scope, "_dtmf", JSON.stringify(choice.dtmf));
    yield* write({ ...frame, scope }, node.children, style, writer);
    realm.release(scope);
  }
}

function* writeForeach(frame: Frame, node: XmlElement, style: Style, writer: PromptWriter): Step<void> {
  const { realm } = frame.context.session;
  const array = realm.array(frame.scope, attribute(node, "array") ?? "");
  try {
    for (let index = 0; index < array.length; index += 1) {
      countElement(frame.context.session);
      array.bind(index, frame.scope, attribute(node, "item") ?? "");
      yield* write(frame, node.children, style, writer);
    }
  } finally {
    array.release();
  }
}
