/**
 * The form interpretation algorithm (VoiceXML 2.0 2.1.6 and appendix C): initialise, then select, collect and
 * process until something leads out of the form. What each kind of item does is in its own file; here is the loop.
 */
import type { XmlElement } from "../document/xml-node.ts";
import type { Completion } from "./completion.ts";
import type { Context, Form, Item } from "./context.ts";
import { holds } from "./execute.ts";
import { createForm, initialiseForm } from "./form-start.ts";
import { type At, guarded } from "./guarded.ts";
import { visitItem } from "./items.ts";
import { processRecognition } from "./process.ts";
import type { Recognition } from "./recognition.ts";
import { countTurn, type Step } from "./session.ts";
import type { RunContext } from "./subdialog.ts";

/** Runs one visit of a form or menu, from `arrival` if its grammar was matched elsewhere, until control leaves it. */
export function* runForm(
  context: Context,
  node: XmlElement,
  arrival: Recognition | null,
  nested: RunContext,
): Step<Completion> {
  const form = createForm(context, node);
  let completion = yield* guarded(form, { item: null }, () => initialiseForm(form));
  let heard = arrival;
  while (completion === null || completion.kind === "next-item") {
    const wanted = completion?.name ?? null;
    const recognition = heard;
    heard = null;
    completion = yield* guarded(form, { item: null }, (at) =>
      recognition === null
        ? selectAndVisit(form, wanted, at, nested)
        : processRecognition(form, recognition, at),
    );
  }
  return completion;
}

function* selectAndVisit(
  form: Form,
  wanted: string | null,
  at: At,
  nested: RunContext,
): Step<Completion | null> {
  countTurn(form.context.session);
  const item = selectItem(form, wanted);
  // No item is left: an implicit exit, never the next form (165).
  if (item === null) return { kind: "exit", value: null };
  at.item = item;
  return yield* visitItem(form, item, at, nested);
}

/** The item that a `<goto nextitem>` named, whatever its state; else the first unfilled one whose condition holds. */
function selectItem(form: Form, wanted: string | null): Item | null {
  if (wanted !== null) return form.items.find((item) => item.name === wanted) ?? null;
  const { realm } = form.context.session;
  const eligible = form.items.find(
    (item) => !realm.isDefined(form.scope, item.name) && holds(form, item.node),
  );
  return eligible ?? null;
}
