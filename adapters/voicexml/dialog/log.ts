import { attribute, type XmlElement } from "../document/xml-node.ts";
import type { Frame } from "./context.ts";
import { emit } from "./session.ts";

/** VoiceXML 2.0 5.3.13. Expressions run even when the line is over the limit and dropped. */
export function runLog(frame: Frame, node: XmlElement): void {
  const { session } = frame.context;
  const { logLinesMax, logCharactersMax } = session.limits;
  const expr = attribute(node, "expr");
  const parts = node.children.map((child) => {
    if (child.kind === "text") return child.text;
    return child.local === "value"
      ? (session.realm.textUnlessUndefined(frame.scope, attribute(child, "expr") ?? "") ?? "")
      : "";
  });
  if (expr !== null) parts.push(session.realm.text(frame.scope, expr));
  session.logLines += 1;
  if (session.logLines > logLinesMax) return;
  const text = parts.join("").trim().replace(/\s+/g, " ").slice(0, logCharactersMax);
  emit(session, { type: "log", label: (attribute(node, "label") ?? "").slice(0, logCharactersMax), text });
}
