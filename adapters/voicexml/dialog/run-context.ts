/**
 * The outer loop: documents, one after the other, in one execution context. The session's own document chain is
 * one; each subdialog is another, run by the same function inside the first.
 */

import type { VoiceDocument } from "../document/voice-document.ts";
import { childElements } from "../document/xml-node.ts";
import type { Scope, Value } from "../script/realm.ts";
import type { Completion, ContextEnd, Target } from "./completion.ts";
import type { Context, Frame } from "./context.ts";
import { runData } from "./data.ts";
import { declareVariable } from "./execute.ts";
import { runForm } from "./form.ts";
import { guardedDocument } from "./guarded.ts";
import { runScript } from "./run-script.ts";
import { countTurn, emit, type Session, type Step } from "./session.ts";
import { staticPrompts } from "./static-prompts.ts";

/** Runs from `first` until an exit or a return. */
export function* runContext(
  session: Session,
  first: Target,
  params: ReadonlyMap<string, Value>,
  depth: number,
): Step<ContextEnd> {
  const context = createContext(session, first, params, depth);
  let completion = yield* initialise(context, first, true);
  let dialog = first.dialog;
  for (;;) {
    completion ??= yield* runForm(context, dialog, null, runContext);
    switch (completion.kind) {
      case "transition": {
        countTurn(session);
        const { target, arrival } = completion;
        dialog = target.dialog;
        completion = target.newDocument ? yield* enter(context, target) : null;
        completion ??= yield* runForm(context, dialog, arrival, runContext);
        break;
      }
      case "next-item":
        // Only a handler at document level can say this, and no form is active there.
        completion = null;
        break;
      case "exit":
      case "return":
      case "return-event":
        return completion;
      default:
        return completion satisfies never;
    }
  }
}

function createContext(
  session: Session,
  first: Target,
  params: ReadonlyMap<string, Value>,
  depth: number,
): Context {
  const applicationScope = session.realm.scope(session.scope, "application");
  return {
    session,
    depth,
    document: first.document,
    root: first.root,
    applicationUrl: applicationOf(first),
    applicationScope,
    documentScope: documentScope(session, first, applicationScope),
    params,
  };
}

function applicationOf(target: Target): string {
  return target.root?.url ?? target.document.url;
}

/** A document that is its own root has one scope with two names (VoiceXML 2.0 5.1.2). */
function documentScope(session: Session, target: Target, applicationScope: Scope): Scope {
  if (target.root !== null) return session.realm.scope(applicationScope, "document");
  session.realm.declare(applicationScope, "document", "application");
  return applicationScope;
}

/** Moves to another document; root variables live on where 1.5.2 says so (25, 72 to 76). */
function* enter(context: Context, target: Target): Step<Completion | null> {
  const { session } = context;
  const application = applicationOf(target);
  const keeps = application === context.applicationUrl && keepsRoot(context, target);
  if (!keeps) context.applicationScope = session.realm.scope(session.scope, "application");
  context.document = target.document;
  context.root = target.root;
  context.applicationUrl = application;
  context.documentScope = documentScope(session, target, context.applicationScope);
  return yield* initialise(context, target, !keeps);
}

/** To a root itself only a goto from one of its leaves keeps it; between its leaves everything does. */
function keepsRoot(context: Context, target: Target): boolean {
  return target.root !== null || (context.root !== null && !target.bySubmit);
}

function* initialise(context: Context, target: Target, freshRoot: boolean): Step<Completion | null> {
  const { url } = target.document;
  emit(context.session, { type: "entered", url, prompts: staticPrompts(target.document) });
  return yield* guardedDocument(context, function* () {
    if (target.root !== null && freshRoot) yield* declareAll(context, target.root, context.applicationScope);
    if (target.root !== null || freshRoot) yield* declareAll(context, target.document, context.documentScope);
  });
}

function* declareAll(context: Context, document: VoiceDocument, scope: Scope): Step<void> {
  const frame: Frame = { context, form: null, item: null, scope, base: null, reprompt: false };
  for (const node of childElements(document.root)) {
    if (node.local === "var") declareVariable(frame, node);
    else if (node.local === "script") yield* runScript(frame, node);
    else if (node.local === "data") yield* runData(frame, node);
  }
}
