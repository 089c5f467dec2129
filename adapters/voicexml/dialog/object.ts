import { attribute } from "../document/xml-node.ts";
import type { Form, Item } from "./context.ts";
import { DialogEvent } from "./dialog-event.ts";

/** VoiceXML 2.0 2.3.5: no platform objects are installed here. */
export function visitObject(_form: Form, item: Item): never {
  const classId = attribute(item.node, "classid") ?? "";
  throw new DialogEvent("error.unsupported.objectname", `no object "${classId}" is installed here`);
}
