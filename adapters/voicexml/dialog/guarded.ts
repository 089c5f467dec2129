/**
 * Runs a stretch of interpretation and gives what it throws to a handler. Whatever goes wrong inside a document,
 * its scripts or its grammars becomes an event here, so that no document can throw out of a step.
 */

import type { XmlElement } from "../document/xml-node.ts";
import { GrammarError } from "../grammar/grammar-error.ts";
import { ScriptError } from "../script/script-error.ts";
import type { Completion } from "./completion.ts";
import type { Context, Form, Frame, Item } from "./context.ts";
import { DialogAborted, DialogEvent } from "./dialog-event.ts";
import { execute } from "./execute.ts";
import { countEvent, selectHandler } from "./handlers.ts";
import type { Step } from "./session.ts";

/** Whose handlers come first: the action moves this as it goes from item to item. */
export type At = { item: Item | null };

export function* guarded(
  form: Form,
  at: At,
  action: (at: At) => Step<Completion | null>,
): Step<Completion | null> {
  try {
    return yield* action(at);
  } catch (error) {
    return yield* handle({ context: form.context, form, item: at.item }, asEvent(error));
  }
}

/** As `guarded`, for the initialisation of a document, when no dialog is active. */
export function* guardedDocument(context: Context, action: () => Step<void>): Step<Completion | null> {
  try {
    yield* action();
    return null;
  } catch (error) {
    return yield* handle({ context, form: null, item: null }, asEvent(error));
  }
}

/** The event that an error stands for; rethrows what no document is to blame for. */
function asEvent(error: unknown): DialogEvent {
  if (error instanceof DialogEvent) return error;
  if (error instanceof ScriptError || error instanceof GrammarError) {
    return new DialogEvent(error.event, error.message, { cause: error });
  }
  throw error;
}

type Place = { readonly context: Context; readonly form: Form | null; readonly item: Item | null };

function* handle(place: Place, first: DialogEvent): Step<Completion | null> {
  const most = place.context.session.limits.nestedEventsMax;
  const documentCounts = new Map<string, number>();
  let event = first;
  for (let nested = 0; nested < most; nested += 1) {
    try {
      return yield* handleOnce(place, event, documentCounts);
    } catch (error) {
      event = asEvent(error);
    }
  }
  throw new DialogAborted(event.event, `handlers threw ${most} events while handling ${first.event}`);
}

function* handleOnce(
  place: Place,
  event: DialogEvent,
  documentCounts: Map<string, number>,
): Step<Completion | null> {
  const { context, form, item } = place;
  const { session } = context;
  const counts = item?.eventCounts ?? form?.eventCounts ?? documentCounts;
  countEvent(counts, event.event);
  // "As if by copy" (5.2.4): a handler of any level runs in the scope of the thrower.
  const scope = session.realm.scope(form?.scope ?? context.documentScope, null);
  session.realm.setValue(scope, "_event", event.event);
  session.realm.setValue(scope, "_message", event.message === "" ? undefined : event.message);
  let reprompt = false;
  try {
    const handler = selectHandler(place, event.event, counts, (cond) => session.realm.truth(scope, cond));
    if (event.callerToo && context.depth > 0 && handler?.byDefault !== false) {
      return { kind: "return-event", event: event.event, message: event.message };
    }
    if (handler === null) {
      session.endedBy = event.event;
      return { kind: "exit", value: null };
    }
    const base = isOfRoot(context, handler.node) ? context.document.root.baseUri : null;
    const frame: Frame = { context, form, item, scope, base, reprompt: false };
    const completion = yield* execute(frame, handler.node.children);
    reprompt = frame.reprompt;
    if (handler.byDefault && completion?.kind === "exit") session.endedBy = event.event;
    return completion;
  } finally {
    if (form !== null) form.silent = !reprompt;
    session.realm.release(scope);
  }
}

function isOfRoot(context: Context, handler: XmlElement): boolean {
  return context.root?.root.children.includes(handler) ?? false;
}
