import {
  attribute,
  childElements,
  normalizeSpace,
  type XmlElement,
  type XmlNode,
} from "../document/xml-node.ts";

export type ChoiceText = { readonly node: XmlElement; readonly text: string; readonly dtmf: string };

const NUMBERED_MAX = 9;

/**
 * The choices of a menu, or options of a field, as they are spoken and keyed. With `dtmf="true"` a menu's first
 * nine choices without a key of their own get 1 to 9 (VoiceXML 2.0 2.2.3).
 */
export function choiceTexts(owner: XmlElement): readonly ChoiceText[] {
  const numbered = owner.local === "menu" && attribute(owner, "dtmf") === "true";
  const choices = childElements(owner).filter(
    (child) => child.local === "choice" || child.local === "option",
  );
  const taken = new Set(choices.map((node) => ownKeys(node)).filter((keys) => keys !== ""));
  let next = 1;
  return choices.map((node) => {
    const own = ownKeys(node);
    if (own !== "" || !numbered) return { node, text: spoken(node), dtmf: own };
    while (taken.has(String(next))) next += 1;
    const dtmf = next <= NUMBERED_MAX ? String(next) : "";
    next += 1;
    return { node, text: spoken(node), dtmf };
  });
}

function ownKeys(node: XmlElement): string {
  return normalizeSpace(attribute(node, "dtmf") ?? "");
}

/** The words of a choice: its grammar, if it has one, is not spoken. */
function spoken(node: XmlElement): string {
  return normalizeSpace(node.children.map(words).join(" "));
}

function words(node: XmlNode): string {
  if (node.kind === "text") return node.text;
  return node.local === "grammar" ? "" : node.children.map(words).join(" ");
}
