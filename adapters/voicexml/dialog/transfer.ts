/** Transfers (VoiceXML 2.0 2.3.7, 2.1 7): the host moves the call, the document learns what became of it. */
import { attribute } from "../document/xml-node.ts";
import type { Completion } from "./completion.ts";
import type { Form, Frame, Item } from "./context.ts";
import { DialogEvent, semantic } from "./dialog-event.ts";
import type { TransferAnswer, TransferOrder } from "./effects.ts";
import type { At } from "./guarded.ts";
import { hangup } from "./hangup.ts";
import { playQueued } from "./play.ts";
import { runFilled } from "./process.ts";
import { requireTime } from "./properties.ts";
import { answerTo, emit, nextId, type Step } from "./session.ts";

/** Strict on purpose: parameters, line breaks and other schemes have been ways into SIP headers. */
const DESTINATION =
  /^(?:tel:\+?[0-9*#().-]{1,32}|sips?:[A-Za-z0-9_.+-]{1,64}@[A-Za-z0-9.-]{1,128}(?::[0-9]{1,5})?)$/;

export function* visitTransfer(form: Form, item: Item, at: At): Step<Completion | null> {
  const { context } = form;
  const { session } = context;
  const frame: Frame = { context, form, item, scope: form.scope, base: null, reprompt: false };
  const order = orderOf(frame, item);
  if (session.final) return { kind: "exit", value: null };
  yield* playQueued(session);
  if (session.hungUp) throw hangup(session);
  if (!/^(?:tel|sips?):/i.test(order.destination)) {
    throw new DialogEvent("error.unsupported.uri", "a transfer goes to a tel: or sip: address");
  }
  if (!DESTINATION.test(order.destination)) {
    throw new DialogEvent(
      "error.connection.baddestination",
      "a transfer goes to a plain tel: or sip: address",
    );
  }
  const id = nextId(session);
  emit(session, { type: "transfer", id, order });
  const { answer } = yield* answerTo(session, "transferred", id);
  session.idleTurns = 0;
  if (answer.outcome === "transferred") {
    session.hungUp = true;
    session.final = true;
    throw new DialogEvent("connection.disconnect.transfer", "the call was handed over");
  }
  if (answer.outcome === "caller-hangup") {
    session.hungUp = true;
    throw hangup(session);
  }
  throwFailure(order, answer);
  session.realm.setValue(form.scope, item.name, answer.outcome);
  session.realm.setValue(form.scope, `${item.name}$`, {
    duration: answer.durationMs / 1_000,
    inputmode: answer.inputmode,
    utterance: answer.utterance,
  });
  return yield* runFilled(form, [item], at);
}

function orderOf(frame: Frame, item: Item): TransferOrder {
  const { node } = item;
  const { realm } = frame.context.session;
  const expr = attribute(node, "destexpr");
  const destination = expr === null ? attribute(node, "dest") : realm.textUnlessUndefined(frame.scope, expr);
  if (destination === null) throw semantic(`<transfer destexpr="${expr ?? ""}"> is undefined`);
  const aaiExpr = attribute(node, "aaiexpr");
  const connect = attribute(node, "connecttimeout");
  const most = attribute(node, "maxtime");
  return {
    type: typeOf(item),
    destination: destination.trim(),
    connectTimeoutMs: connect === null ? 30_000 : requireTime(connect, "connecttimeout"),
    maxMs: most === null ? 0 : requireTime(most, "maxtime"),
    audio: attribute(node, "transferaudio"),
    aai: aaiExpr === null ? attribute(node, "aai") : realm.textUnlessUndefined(frame.scope, aaiExpr),
  };
}

function typeOf(item: Item): TransferOrder["type"] {
  const type = attribute(item.node, "type");
  if (type === null) return attribute(item.node, "bridge") === "true" ? "bridge" : "blind";
  if (type === "blind" || type === "bridge" || type === "consultation") return type;
  throw new DialogEvent(`error.unsupported.transfer.${type}`, `no transfer of type "${type}"`);
}

const FAILURES: Readonly<Partial<Record<TransferAnswer["outcome"], string>>> = {
  "bad-destination": "error.connection.baddestination",
  "not-authorized": "error.connection.noauthorization",
  "no-route": "error.connection.noroute",
  "no-resource": "error.connection.noresource",
};

function throwFailure(order: TransferOrder, answer: TransferAnswer): void {
  if (answer.outcome === "unsupported") {
    throw new DialogEvent(
      `error.unsupported.transfer.${order.type}`,
      `this line can't do a ${order.type} transfer`,
    );
  }
  const event = FAILURES[answer.outcome];
  if (event !== undefined) throw new DialogEvent(event, `the transfer failed: ${answer.outcome}`);
}
