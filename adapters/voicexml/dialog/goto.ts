import { attribute, type XmlElement } from "../document/xml-node.ts";
import type { Completion } from "./completion.ts";
import type { Frame } from "./context.ts";
import { badFetch, semantic } from "./dialog-event.ts";
import { fetchTerms, requireUri } from "./fetching.ts";
import type { Step } from "./session.ts";
import { loadTarget } from "./targets.ts";

/** VoiceXML 2.0 5.3.7. Queued prompts stay queued. */
export function* runGoto(frame: Frame, node: XmlElement): Step<Completion> {
  const { realm } = frame.context.session;
  const itemExpr = attribute(node, "expritem");
  const item = itemExpr === null ? attribute(node, "nextitem") : realm.text(frame.scope, itemExpr);
  if (item !== null) return nextItem(frame, item);
  const expr = attribute(node, "expr");
  const next = expr === null ? attribute(node, "next") : realm.textUnlessUndefined(frame.scope, expr);
  if (next === null) throw semantic(`<goto expr="${expr ?? ""}"> is undefined`);
  return yield* transitionTo(frame, node, next);
}

function nextItem(frame: Frame, name: string): Completion {
  const known = frame.form?.items.some((item) => item.name === name) ?? false;
  if (!known) throw badFetch(`<goto> to item "${name}", which this form does not have`);
  return { kind: "next-item", name };
}

export function* transitionTo(
  frame: Pick<Frame, "context" | "form" | "item" | "base">,
  node: XmlElement,
  reference: string,
): Step<Completion> {
  const url = requireUri(reference, node, frame.base);
  const target = yield* loadTarget(frame.context, reference, url, fetchTerms(frame, node, "document"));
  return { kind: "transition", target, arrival: null };
}
