import type { XmlElement } from "./xml-node.ts";

/** Every element of VoiceXML 2.0 and 2.1, with those of SSML and SRGS that it takes into its own namespace. */
export const VXML_ELEMENTS: ReadonlySet<string> = new Set(
  (
    "assign audio block break catch choice clear data desc disconnect else elseif emphasis enumerate error exit " +
    "example field filled foreach form goto grammar help if initial item lexicon link log mark menu meta metadata " +
    "noinput nomatch object one-of option p paragraph param phoneme prompt property prosody record reprompt return " +
    "rule ruleref s say-as script sentence speak sub subdialog submit tag throw token transfer value var voice vxml"
  ).split(" "),
);

/** Elements that mean something under these parents only. */
const PARENTS: Readonly<Record<string, readonly string[]>> = {
  form: ["vxml"],
  menu: ["vxml"],
  field: ["form"],
  record: ["form"],
  transfer: ["form"],
  subdialog: ["form"],
  object: ["form"],
  initial: ["form"],
  block: ["form"],
  filled: ["form", "field", "record", "transfer", "subdialog", "object"],
  choice: ["menu"],
  option: ["field"],
  elseif: ["if"],
  else: ["if"],
  param: ["subdialog", "object"],
};

const EXECUTABLE: ReadonlySet<string> = new Set(
  "assign clear data disconnect exit goto if log prompt reprompt return script submit throw var".split(" "),
);

/** `inPrompt`: somewhere below a `<prompt>`, where a `<foreach>` too holds prompt content only (2.1, tests 155 and 156). Null when `element` may stand under `parent`, else why not. */
export function checkPlace(element: XmlElement, parent: XmlElement, inPrompt: boolean): string | null {
  const parents = PARENTS[element.local];
  if (parents !== undefined && !parents.includes(parent.local)) {
    return `may not stand in <${parent.local}>`;
  }
  if (inPrompt && EXECUTABLE.has(element.local)) return "may not stand in <prompt>";
  return null;
}
