/**
 * The prompts of a document that are the same for every caller, so that the voice can make them before they are
 * needed: what stands between a key and the next question is then no synthesis.
 */
import type { SpeechRequest } from "../../../domain/ports/speech.ts";
import type { VoiceDocument } from "../document/voice-document.ts";
import { childElements, type XmlElement, type XmlNode } from "../document/xml-node.ts";
import { endOfContent, isPromptContent } from "./execute.ts";
import { createPromptWriter } from "./prompt-writer.ts";
import { promptStyle, writeStatic } from "./queue-prompt.ts";

/** The first ones of a document; a longer one is rarely heard to its end. */
const STATIC_PROMPTS_MAX = 24;

const known = new WeakMap<VoiceDocument, readonly SpeechRequest[]>();

/** Elements whose sound depends on the caller or on the web, or that speak for others. */
const CHANGING: ReadonlySet<string> = new Set(["value", "audio", "enumerate", "foreach", "mark"]);

const HOLDS_PROMPTS: ReadonlySet<string> = new Set(
  "form menu block field initial record transfer subdialog object filled catch help noinput nomatch error if".split(
    " ",
  ),
);

/** In document order; equal to the requests that playing them will make. */
export function staticPrompts(document: VoiceDocument): readonly SpeechRequest[] {
  const found = known.get(document);
  if (found !== undefined) return found;
  const requests: SpeechRequest[] = [];
  const lang = document.root.lang;
  for (const child of childElements(document.root))
    gather(child, child.local === "form" || child.local === "menu" ? child.lang : lang, requests);
  const first = requests.slice(0, STATIC_PROMPTS_MAX);
  known.set(document, first);
  return first;
}

function gather(parent: XmlElement, lang: string, requests: SpeechRequest[]): void {
  if (!HOLDS_PROMPTS.has(parent.local) || requests.length >= STATIC_PROMPTS_MAX) return;
  const nodes = parent.children;
  for (let index = 0; index < nodes.length; index += 1) {
    const node = nodes[index];
    if (node === undefined) break;
    if (isPromptContent(node)) {
      const end = endOfContent(nodes, index);
      add(nodes.slice(index, end), lang, requests);
      index = end - 1;
    } else if (node.kind === "element" && node.local === "prompt") add(node.children, node.lang, requests);
    else if (node.kind === "element") gather(node, lang, requests);
  }
}

function add(content: readonly XmlNode[], lang: string, requests: SpeechRequest[]): void {
  if (content.some(changes)) return;
  const writer = createPromptWriter();
  writeStatic(content, promptStyle(lang), writer);
  for (const piece of writer.finish()) {
    if (piece.kind === "speech") requests.push({ runs: piece.runs, lang: piece.lang, voice: piece.voice });
  }
}

function changes(node: XmlNode): boolean {
  return node.kind === "element" && (CHANGING.has(node.local) || node.children.some(changes));
}
