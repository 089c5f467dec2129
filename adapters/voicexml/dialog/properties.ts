import { parseTime } from "../document/time-designation.ts";
import { attribute, childrenNamed } from "../document/xml-node.ts";
import { type Context, enclosing, type Form, type Item } from "./context.ts";
import { semantic } from "./dialog-event.ts";

/** Platform values (VoiceXML 2.0 6.3); those it leaves open are our choice. */
const PLATFORM: Readonly<Record<string, string>> = {
  confidencelevel: "0.5",
  timeout: "5s",
  interdigittimeout: "3s",
  termtimeout: "0s",
  termchar: "#",
  completetimeout: "800ms",
  incompletetimeout: "1500ms",
  maxspeechtimeout: "15s",
  bargein: "true",
  bargeintype: "speech",
  fetchtimeout: "7s",
  inputmodes: "dtmf voice",
  universals: "none",
  maxnbest: "1",
};

type Place = { readonly context: Context; readonly form: Form | null; readonly item: Item | null };

/** The innermost setting; within one element the last in document order. Empty for a name that nobody set. */
export function property(place: Place, name: string): string {
  for (const level of enclosing(place.context, place.form, place.item)) {
    const set = childrenNamed(level, "property").findLast((node) => attribute(node, "name") === name);
    if (set !== undefined) return attribute(set, "value") ?? "";
  }
  return PLATFORM[name] ?? "";
}

/** Milliseconds. Throws `error.semantic` for what is no time. */
export function timeProperty(place: Place, name: string): number {
  return requireTime(property(place, name), `property ${name}`);
}

export function requireTime(text: string, what: string): number {
  const time = parseTime(text);
  if (time === null) throw semantic(`${what} is "${text}"; a time is written 5s or 100ms`);
  return time;
}

export function numberProperty(place: Place, name: string): number {
  const text = property(place, name);
  const value = Number(text);
  if (text.trim() === "" || Number.isNaN(value)) throw semantic(`property ${name} is "${text}", no number`);
  return value;
}
