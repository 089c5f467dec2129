import { attribute, type XmlElement } from "../document/xml-node.ts";
import type { Frame } from "./context.ts";
import { semantic } from "./dialog-event.ts";
import { splitNames } from "./exports.ts";

/** VoiceXML 2.0 5.3.3: without a namelist, every item of the form; a cleared item starts counting anew. */
export function runClear(frame: Frame, node: XmlElement): void {
  const { realm } = frame.context.session;
  const namelist = attribute(node, "namelist");
  const items = frame.form?.items ?? [];
  if (namelist === null) {
    for (const item of items) clearName(item.name);
    return;
  }
  for (const name of splitNames(namelist)) {
    if (!realm.isDeclared(frame.scope, name.split(".")[0] ?? name))
      throw semantic(`<clear> of "${name}", which nobody declared`);
    clearName(name);
  }

  function clearName(name: string): void {
    realm.clear(frame.scope, name);
    const item = items.find((candidate) => candidate.name === name.replace(/^dialog\./, ""));
    if (item === undefined) return;
    item.promptCount = 1;
    item.eventCounts.clear();
  }
}
