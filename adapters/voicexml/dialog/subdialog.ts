/** Subdialogs (VoiceXML 2.0 2.3.4): a dialog in a context of its own, which shares nothing but the session. */

import { fragmentOf, withoutFragment } from "../document/uri.ts";
import { attribute, childrenNamed } from "../document/xml-node.ts";
import type { Value } from "../script/realm.ts";
import type { Completion, ContextEnd, Target } from "./completion.ts";
import type { Form, Frame, Item } from "./context.ts";
import { DialogEvent, semantic } from "./dialog-event.ts";
import { ask, fetchTerms, requireFetched, requireUri } from "./fetching.ts";
import type { At } from "./guarded.ts";
import { runFilled } from "./process.ts";
import { breach, type Session, type Step } from "./session.ts";
import { formFields, requestFor } from "./submit.ts";
import { compileFetched, loadRoot, requireDialog } from "./targets.ts";

/** The outer loop of documents, handed down by itself: a subdialog is one more of it. */
export type RunContext = (
  session: Session,
  first: Target,
  params: ReadonlyMap<string, Value>,
  depth: number,
) => Step<ContextEnd>;

export function* visitSubdialog(form: Form, item: Item, at: At, nested: RunContext): Step<Completion | null> {
  const { context } = form;
  const { session } = context;
  const frame: Frame = { context, form, item, scope: form.scope, base: null, reprompt: false };
  const target = yield* subdialogTarget(frame, item);
  const params = readParams(frame, item);
  const depth = context.depth + 1;
  if (depth > session.limits.subdialogDepthMax) {
    breach(session, "subdialogs", `subdialogs nest deeper than ${session.limits.subdialogDepthMax}`);
  }
  const completion = yield* nested(session, target, params, depth);
  switch (completion.kind) {
    case "exit":
      return completion;
    case "return-event":
      throw new DialogEvent(completion.event, completion.message);
    case "return":
      session.realm.setValue(form.scope, item.name, completion.values);
      return yield* runFilled(form, [item], at);
    default:
      return completion satisfies never;
  }
}

function* subdialogTarget(frame: Frame, item: Item): Step<Target> {
  const { context } = frame;
  const { node } = item;
  const srcexpr = attribute(node, "srcexpr");
  const src =
    srcexpr === null
      ? attribute(node, "src")
      : context.session.realm.textUnlessUndefined(frame.scope, srcexpr);
  if (src === null) throw semantic(`<subdialog srcexpr="${srcexpr ?? ""}"> is undefined`);
  const fields = formFields(frame, attribute(node, "namelist") ?? "");
  if (src.trim().startsWith("#")) {
    const dialog = requireDialog(context.document, fragmentOf(src.trim()));
    return { document: context.document, root: context.root, dialog, newDocument: true, bySubmit: true };
  }
  const url = requireUri(src, node, frame.base);
  const terms = fetchTerms(frame, node, "document");
  const order = requestFor(node, withoutFragment(url), fields);
  const answer = yield* ask(context.session, { kind: "document", ...order, ...terms });
  const document = compileFetched(context.session, requireFetched(order.url, answer));
  const root = yield* loadRoot({ session: context.session, root: null }, document, terms);
  return {
    document,
    root,
    dialog: requireDialog(document, fragmentOf(url)),
    newDocument: true,
    bySubmit: true,
  };
}

/** Evaluated in the caller's scope; values cross as plain data, so no function of one context reaches another. */
function readParams(frame: Frame, item: Item): ReadonlyMap<string, Value> {
  const params = new Map<string, Value>();
  for (const param of childrenNamed(item.node, "param")) {
    const expr = attribute(param, "expr");
    const value =
      expr === null ? attribute(param, "value") : frame.context.session.realm.evaluate(frame.scope, expr);
    params.set(attribute(param, "name") ?? "", value);
  }
  return params;
}
