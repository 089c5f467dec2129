/** Which handler an event gets: VoiceXML 2.0 5.2.2 (names and counters) and 5.2.4 (selection). */
import { attribute, childElements, type XmlElement } from "../document/xml-node.ts";
import { type Context, enclosing, type Form, type Item } from "./context.ts";

const SHORTHANDS: ReadonlySet<string> = new Set(["error", "help", "noinput", "nomatch"]);

export type Handler = { readonly node: XmlElement; readonly byDefault: boolean };

/** Increments the counters of the full name and of every prefix that a handler could name. */
export function countEvent(counts: Map<string, number>, event: string): void {
  for (const name of prefixes(event)) counts.set(name, (counts.get(name) ?? 0) + 1);
}

function prefixes(event: string): readonly string[] {
  const tokens = event.split(".");
  return ["", ...tokens.map((_, index) => tokens.slice(0, index + 1).join("."))];
}

/**
 * Null only when the defaults document has no handler for it. `holds` evaluates a handler's condition.
 * Defaults are asked only when no handler of the application fits: their counts would otherwise win over
 * handlers that an author wrote without any.
 */
export function selectHandler(
  place: { readonly context: Context; readonly form: Form | null; readonly item: Item | null },
  event: string,
  counts: ReadonlyMap<string, number>,
  holds: (cond: string) => boolean,
): Handler | null {
  const levels = enclosing(place.context, place.form, place.item);
  const own = bestOf(levels.slice(0, -1), event, counts, holds);
  if (own !== null) return { node: own, byDefault: false };
  const fallback = bestOf(levels.slice(-1), event, counts, holds);
  return fallback === null ? null : { node: fallback, byDefault: true };
}

function bestOf(
  levels: readonly XmlElement[],
  event: string,
  counts: ReadonlyMap<string, number>,
  holds: (cond: string) => boolean,
): XmlElement | null {
  let best: XmlElement | null = null;
  let bestCount = 0;
  for (const node of levels.flatMap((level) => childElements(level))) {
    const name = matchedName(node, event);
    const count = Number(attribute(node, "count") ?? "1");
    if (name === null || !(count > bestCount) || count > (counts.get(name) ?? 1)) continue;
    const cond = attribute(node, "cond");
    if (cond !== null && !holds(cond)) continue;
    best = node;
    bestCount = count;
  }
  return best;
}

/** The name in the handler's list that the event falls under; null when none does or `node` is no handler. */
function matchedName(node: XmlElement, event: string): string | null {
  if (SHORTHANDS.has(node.local)) return underName(event, node.local);
  if (node.local !== "catch") return null;
  const names = (attribute(node, "event") ?? "").split(/\s+/).filter((name) => name !== "");
  if (names.length === 0) return "";
  let longest: string | null = null;
  for (const name of names) {
    const found = underName(event, name.replace(/\.+$/, ""));
    if (found !== null && found.length >= (longest?.length ?? 0)) longest = found;
  }
  return longest;
}

function underName(event: string, name: string): string | null {
  return name === "" || event === name || event.startsWith(`${name}.`) ? name : null;
}
