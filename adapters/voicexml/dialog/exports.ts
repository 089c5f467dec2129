/** Values on their way out of a session: JSON, declared, and not too long. */
import { attribute, type XmlElement } from "../document/xml-node.ts";
import type { Value } from "../script/realm.ts";
import type { Frame } from "./context.ts";
import { semantic } from "./dialog-event.ts";

export function splitNames(namelist: string): readonly string[] {
  return namelist.split(/\s+/).filter((name) => name !== "");
}

/** Throws `error.semantic` for a name that nobody declared (VoiceXML 2.0 5.3.9). */
export function exportNames(frame: Frame, namelist: string): Readonly<Record<string, Value>> {
  const { realm } = frame.context.session;
  const values: [string, Value][] = splitNames(namelist).map((name) => [
    name,
    realm.evaluate(frame.scope, name),
  ]);
  return Object.fromEntries(values);
}

/** JSON of what `<exit>` or `<disconnect>` hands to the outside; null when it hands out nothing. */
export function exitValue(frame: Frame, node: XmlElement): string | null {
  const expr = attribute(node, "expr");
  const namelist = attribute(node, "namelist");
  if (expr !== null) return bounded(frame, frame.context.session.realm.evaluate(frame.scope, expr));
  return namelist === null ? null : bounded(frame, exportNames(frame, namelist));
}

function bounded(frame: Frame, value: unknown): string | null {
  const json = JSON.stringify(value) as string | undefined;
  const most = frame.context.session.limits.exportCharactersMax;
  if (json !== undefined && json.length > most)
    throw semantic(`an exit value of more than ${most} characters`);
  return json ?? null;
}
