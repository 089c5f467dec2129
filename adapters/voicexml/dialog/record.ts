/** Recording the caller (VoiceXML 2.0 2.3.6). The sound stays with the host; the document holds a name for it. */
import { attribute } from "../document/xml-node.ts";
import type { Completion } from "./completion.ts";
import type { Form, Item } from "./context.ts";
import { DialogEvent } from "./dialog-event.ts";
import type { RecordOrder } from "./effects.ts";
import type { At } from "./guarded.ts";
import { hangup } from "./hangup.ts";
import { playQueued } from "./play.ts";
import { runFilled } from "./process.ts";
import { requireTime, timeProperty } from "./properties.ts";
import { answerTo, emit, nextId, type Step } from "./session.ts";

const RECORD_MS_MAX = 600_000;
const RECORD_MS_DEFAULT = 60_000;
const FINAL_SILENCE_MS_DEFAULT = 3_000;

/** What the host can write. */
const TYPES: ReadonlySet<string> = new Set(["audio/x-wav", "audio/wav", "audio/basic"]);

export function* visitRecord(form: Form, item: Item, at: At): Step<Completion | null> {
  const { session } = form.context;
  const order = orderOf(form, item);
  if (!TYPES.has(order.type)) {
    throw new DialogEvent(
      "error.unsupported.format",
      `recordings of type "${order.type}" can't be made here`,
    );
  }
  if (session.final) return { kind: "exit", value: null };
  yield* playQueued(session);
  if (session.hungUp) throw hangup(session);
  const id = nextId(session);
  emit(session, { type: "listening" });
  emit(session, { type: "record", id, order });
  const { answer } = yield* answerTo(session, "recorded", id);
  if (answer.recording === null) {
    if (answer.hangup || session.hungUp) throw hangup(session);
    emit(session, { type: "no-input" });
    throw new DialogEvent("noinput", "");
  }
  session.idleTurns = 0;
  session.realm.setValue(form.scope, item.name, answer.recording);
  session.realm.setValue(form.scope, `${item.name}$`, {
    duration: answer.durationMs,
    size: answer.sizeBytes,
    termchar: answer.termchar,
    maxtime: answer.maxtime,
  });
  // 2.3.6: what was said before the caller hung up is kept, and can be submitted by the handler.
  if (answer.hangup) throw hangup(session);
  return yield* runFilled(form, [item], at);
}

function orderOf(form: Form, item: Item): RecordOrder {
  const { node } = item;
  const time = (name: string, otherwise: number): number => {
    const given = attribute(node, name);
    return given === null ? otherwise : requireTime(given, name);
  };
  return {
    beep: attribute(node, "beep") === "true",
    maxMs: Math.min(time("maxtime", RECORD_MS_DEFAULT), RECORD_MS_MAX),
    finalSilenceMs: time("finalsilence", FINAL_SILENCE_MS_DEFAULT),
    timeoutMs: timeProperty({ context: form.context, form, item }, "timeout"),
    dtmfTerm: attribute(node, "dtmfterm") !== "false",
    type: (attribute(node, "type") ?? "audio/x-wav").split(";")[0]?.trim().toLowerCase() ?? "",
  };
}
