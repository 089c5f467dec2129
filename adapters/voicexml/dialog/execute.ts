/** Executable content (VoiceXML 2.0 5.3, 2.1 4 to 6): runs in document order until something leads elsewhere. */
import { attribute, isKnown, type XmlElement, type XmlNode } from "../document/xml-node.ts";
import { runClear } from "./clear.ts";
import type { Completion } from "./completion.ts";
import type { Frame } from "./context.ts";
import { runData } from "./data.ts";
import { DialogEvent, semantic } from "./dialog-event.ts";
import { exitValue, exportNames } from "./exports.ts";
import { runGoto } from "./goto.ts";
import { runLog } from "./log.ts";
import { playQueued } from "./play.ts";
import { queuePrompt } from "./queue-prompt.ts";
import { runScript } from "./run-script.ts";
import { countElement, emit, type Step } from "./session.ts";
import { runSubmit } from "./submit.ts";

/** Bare content that stands for a prompt of its own. */
const PROMPT_CONTENT: ReadonlySet<string> = new Set(["value", "audio", "enumerate", "mark"]);

export function* execute(frame: Frame, nodes: readonly XmlNode[]): Step<Completion | null> {
  for (let index = 0; index < nodes.length; index += 1) {
    const node = nodes[index];
    if (node === undefined) break;
    if (isPromptContent(node)) {
      const end = endOfContent(nodes, index);
      yield* queuePrompt(frame, null, nodes.slice(index, end));
      index = end - 1;
    } else if (node.kind === "element" && isKnown(node)) {
      countElement(frame.context.session);
      const completion = yield* executeElement(frame, node);
      if (completion !== null) return completion;
    }
  }
  return null;
}

export function isPromptContent(node: XmlNode): boolean {
  return node.kind === "text" ? node.text.trim() !== "" : PROMPT_CONTENT.has(node.local);
}

/** One past the last node of the run of prompt content that begins at `start`. */
export function endOfContent(nodes: readonly XmlNode[], start: number): number {
  let end = start;
  while (end < nodes.length) {
    const node = nodes[end];
    if (node === undefined || !(node.kind === "text" || isPromptContent(node))) break;
    end += 1;
  }
  return end;
}

function* executeElement(frame: Frame, node: XmlElement): Step<Completion | null> {
  const { session } = frame.context;
  const { realm } = session;
  switch (node.local) {
    case "var":
      declareVariable(frame, node);
      return null;
    case "assign":
      realm.assign(frame.scope, attribute(node, "name") ?? "", attribute(node, "expr") ?? "");
      return null;
    case "clear":
      runClear(frame, node);
      return null;
    case "if":
      return yield* executeIf(frame, node);
    case "foreach":
      return yield* executeForeach(frame, node);
    case "prompt":
      if (holds(frame, node)) yield* queuePrompt(frame, node, node.children);
      return null;
    case "reprompt":
      frame.reprompt = true;
      return null;
    case "log":
      runLog(frame, node);
      return null;
    case "script":
      yield* runScript(frame, node);
      return null;
    case "data":
      yield* runData(frame, node);
      return null;
    case "goto":
      return yield* runGoto(frame, node);
    case "submit":
      return yield* runSubmit(frame, node);
    case "exit":
      return { kind: "exit", value: exitValue(frame, node) };
    case "return":
      return runReturn(frame, node);
    case "throw":
      throw new DialogEvent(eventName(frame, node), messageOf(frame, node) ?? "");
    case "disconnect":
      session.handed = exitValue(frame, node);
      yield* playQueued(session);
      emit(session, { type: "disconnect" });
      session.hungUp = true;
      session.final = true;
      throw new DialogEvent("connection.disconnect.hangup", "the document disconnected the call");
    default:
      return null;
  }
}

/** `cond`: absent means yes. */
export function holds(frame: Pick<Frame, "context" | "scope">, node: XmlElement): boolean {
  const cond = attribute(node, "cond");
  return cond === null || frame.context.session.realm.truth(frame.scope, cond);
}

/** VoiceXML 2.0 5.3.1: a name with a scope before it is no name to declare; without `expr` a variable keeps its value. */
export function declareVariable(frame: Pick<Frame, "context" | "scope">, node: XmlElement): void {
  const name = attribute(node, "name") ?? "";
  if (name.includes("."))
    throw semantic(`<var name="${name}">: a variable is declared without a scope before it`);
  frame.context.session.realm.declare(frame.scope, name, attribute(node, "expr"));
}

function* executeIf(frame: Frame, node: XmlElement): Step<Completion | null> {
  let taken = holds(frame, node);
  let branch: XmlNode[] = [];
  for (const child of node.children) {
    if (child.kind === "element" && (child.local === "elseif" || child.local === "else")) {
      if (taken) break;
      branch = [];
      taken = child.local === "else" || holds(frame, child);
    } else branch.push(child);
  }
  return taken ? yield* execute(frame, branch) : null;
}

function* executeForeach(frame: Frame, node: XmlElement): Step<Completion | null> {
  const array = frame.context.session.realm.array(frame.scope, attribute(node, "array") ?? "");
  try {
    for (let index = 0; index < array.length; index += 1) {
      array.bind(index, frame.scope, attribute(node, "item") ?? "");
      const completion = yield* execute(frame, node.children);
      if (completion !== null) return completion;
    }
    return null;
  } finally {
    array.release();
  }
}

/** VoiceXML 2.0 2.3.4: outside a subdialog there is nobody to return to. */
function runReturn(frame: Frame, node: XmlElement): Completion {
  if (frame.context.depth === 0) throw semantic("<return> outside of a subdialog");
  if (attribute(node, "event") !== null || attribute(node, "eventexpr") !== null) {
    return { kind: "return-event", event: eventName(frame, node), message: messageOf(frame, node) ?? "" };
  }
  return { kind: "return", values: exportNames(frame, attribute(node, "namelist") ?? "") };
}

export function eventName(frame: Pick<Frame, "context" | "scope">, node: XmlElement): string {
  const expr = attribute(node, "eventexpr");
  if (expr === null) return attribute(node, "event") ?? "";
  const name = frame.context.session.realm.textUnlessUndefined(frame.scope, expr);
  if (name === null) throw semantic(`eventexpr "${expr}" is undefined`);
  return name;
}

export function messageOf(frame: Pick<Frame, "context" | "scope">, node: XmlElement): string | null {
  const expr = attribute(node, "messageexpr");
  return expr === null
    ? attribute(node, "message")
    : frame.context.session.realm.textUnlessUndefined(frame.scope, expr);
}
