/** One visit of one form item: prompts, then what its kind collects (VoiceXML 2.0 2.1.6.2.2 and 2.3). */
import { attribute, type XmlElement, type XmlNode } from "../document/xml-node.ts";
import { type ActiveGrammar, activeGrammars } from "./activate.ts";
import { collect } from "./collect.ts";
import type { CollectTerms } from "./collect-terms.ts";
import type { Completion } from "./completion.ts";
import type { Form, Frame, Item } from "./context.ts";
import { DialogEvent, semantic } from "./dialog-event.ts";
import { endOfContent, execute, holds, isPromptContent } from "./execute.ts";
import type { At } from "./guarded.ts";
import { hangup } from "./hangup.ts";
import { visitObject } from "./object.ts";
import { processRecognition } from "./process.ts";
import { numberProperty, property, timeProperty } from "./properties.ts";
import { queuePrompt } from "./queue-prompt.ts";
import type { Recognition } from "./recognition.ts";
import { visitRecord } from "./record.ts";
import { emit, type Step } from "./session.ts";
import { type RunContext, visitSubdialog } from "./subdialog.ts";
import { visitTransfer } from "./transfer.ts";

export function* visitItem(form: Form, item: Item, at: At, nested: RunContext): Step<Completion | null> {
  const silent = form.silent;
  form.silent = false;
  if (item.kind === "block") return yield* visitBlock(form, item);
  if (!silent) yield* queueItemPrompts(form, item);
  switch (item.kind) {
    case "subdialog":
      return yield* visitSubdialog(form, item, at, nested);
    case "transfer":
      return yield* visitTransfer(form, item, at);
    case "record":
      return yield* visitRecord(form, item, at);
    case "object":
      return visitObject(form, item);
    case "field":
    case "initial":
    case "menu":
      return yield* visitInput(form, item, at);
    default:
      return item.kind satisfies never;
  }
}

function* visitBlock(form: Form, item: Item): Step<Completion | null> {
  const { context } = form;
  const { realm } = context.session;
  realm.setValue(form.scope, item.name, true);
  const scope = realm.scope(form.scope, null);
  const frame: Frame = { context, form, item, scope, base: null, reprompt: false };
  const completion = yield* execute(frame, item.node.children);
  realm.release(scope);
  return completion;
}

/**
 * All prompts whose condition holds and whose count is the highest one not above the counter (4.1.6). Bare text
 * counts as a prompt of count 1.
 */
function* queueItemPrompts(form: Form, item: Item): Step<void> {
  const { context } = form;
  const frame: Frame = { context, form, item, scope: form.scope, base: null, reprompt: false };
  const counter = item.promptCount;
  item.promptCount += 1;
  const candidates = promptsOf(item).filter(
    (prompt) => prompt.count <= counter && (prompt.node === null || holds(frame, prompt.node)),
  );
  const best = Math.max(0, ...candidates.map((prompt) => prompt.count));
  for (const prompt of candidates) {
    if (prompt.count === best) yield* queuePrompt(frame, prompt.node, prompt.content);
  }
}

type ItemPrompt = {
  readonly node: XmlElement | null;
  readonly count: number;
  readonly content: readonly XmlNode[];
};

function promptsOf(item: Item): readonly ItemPrompt[] {
  const found: ItemPrompt[] = [];
  const nodes = item.node.children;
  for (let index = 0; index < nodes.length; index += 1) {
    const node = nodes[index];
    if (node === undefined) break;
    if (isPromptContent(node)) {
      const end = endOfContent(nodes, index);
      found.push({ node: null, count: 1, content: nodes.slice(index, end) });
      index = end - 1;
    } else if (node.kind === "element" && node.local === "prompt") {
      found.push({ node, count: Number(attribute(node, "count") ?? "1"), content: node.children });
    }
  }
  return found;
}

function* visitInput(form: Form, item: Item, at: At): Step<Completion | null> {
  const { session } = form.context;
  const place = { context: form.context, form, item };
  if (session.final) return { kind: "exit", value: null };
  const grammars = yield* activeGrammars(place);
  if (grammars.length === 0) {
    throw semantic("a wait for input without any grammar that could hear it", ".nogrammars");
  }
  const end = yield* collect(session, termsOf(place, grammars));
  switch (end.kind) {
    case "hangup":
      throw hangup(session);
    case "no-input":
      emit(session, { type: "no-input" });
      throw new DialogEvent("noinput", "");
    case "no-match":
      emit(session, { type: "no-match" });
      throw new DialogEvent("nomatch", "");
    case "heard": {
      const active = grammars[Number(end.heard.match.grammarId)];
      if (active === undefined)
        throw new Error(`a match of grammar ${end.heard.match.grammarId}, which was not active`);
      session.idleTurns = 0;
      const recognition: Recognition = {
        active,
        mode: end.heard.mode,
        utterance: end.heard.utterance,
        interpretation: end.heard.match.interpretation ?? end.heard.utterance,
        confidence: end.heard.confidence,
      };
      noteLastResult(form, recognition);
      return yield* processRecognition(form, recognition, at);
    }
    default:
      return end satisfies never;
  }
}

function termsOf(
  place: { readonly context: Form["context"]; readonly form: Form; readonly item: Item },
  grammars: readonly ActiveGrammar[],
): CollectTerms {
  return {
    grammars,
    timeoutMs: timeProperty(place, "timeout"),
    interdigitMs: timeProperty(place, "interdigittimeout"),
    termMs: timeProperty(place, "termtimeout"),
    termChar: property(place, "termchar").trim(),
    confidenceMin: numberProperty(place, "confidencelevel"),
  };
}

/** VoiceXML 2.0 5.1.5: an array, best first; we also give the best one's properties on the array itself. */
function noteLastResult(form: Form, heard: Recognition): void {
  const { session, applicationScope } = form.context;
  const best = {
    confidence: heard.confidence,
    utterance: heard.utterance,
    inputmode: heard.mode,
    interpretation: heard.interpretation,
  };
  const mark = { markname: session.lastMark?.name, marktime: session.lastMark?.afterMs };
  session.realm.setValue(applicationScope, "lastresult$", [best]);
  for (const [name, value] of Object.entries({ ...best, ...mark })) {
    session.realm.setValue(applicationScope, `lastresult$.${name}`, value);
  }
}
