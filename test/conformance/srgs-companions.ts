/**
 * Grammars that W3C's SRGS documents refer to and that are stored nowhere, written anew from what those documents
 * expect of them. A file of the same name in the data folder goes before these.
 */
const RULES: Readonly<Record<string, readonly Rule[]>> = {
  polite: [
    { id: "start", says: ["please"] },
    { id: "end", says: ["thanks", "thank you"] },
  ],
  common: [{ id: "polite_start", refersTo: ["polite", "start"] }],
  english_names: [{ id: "single_public", says: ["Mary", "Peter"] }],
  more_english_names: [{ id: "names", says: ["Johnny", "Robert"], isPrivate: true }],
  french_names: [{ id: "names", says: ["Jean Francois", "Dominic"], isPrivate: true }],
  "token-basic": [{ id: "basic", says: ["help", "hello"] }],
  politeness: [{ id: "startPolite", says: ["please", "kindly"] }],
};

type Rule = {
  readonly id: string;
  readonly isPrivate?: boolean;
} & ({ readonly says: readonly string[] } | { readonly refersTo: readonly [grammar: string, rule: string] });

/** The text of `name` ("polite.gram", "polite.grxml"); null for one that nobody wrote. */
export function companionGrammar(name: string): string | null {
  const [stem = "", form] = name.split(".");
  const rules = RULES[stem];
  if (rules === undefined) return null;
  if (form === "gram") return abnf(rules);
  return form === "grxml" ? xml(rules) : null;
}

function abnf(rules: readonly Rule[]): string {
  const written = rules.map((rule) => {
    const body = "says" in rule ? rule.says.join(" | ") : `$<${rule.refersTo[0]}.gram#${rule.refersTo[1]}>`;
    return `${rule.isPrivate === true ? "private" : "public"} $${rule.id} = ${body};`;
  });
  return `#ABNF 1.0;\nlanguage en-US;\nroot $${rules[0]?.id};\n${written.join("\n")}\n`;
}

function xml(rules: readonly Rule[]): string {
  const written = rules.map((rule) => {
    const body =
      "says" in rule
        ? `<one-of>${rule.says.map((words) => `<item>${words}</item>`).join("")}</one-of>`
        : `<ruleref uri="${rule.refersTo[0]}.grxml#${rule.refersTo[1]}"/>`;
    return `<rule id="${rule.id}" scope="${rule.isPrivate === true ? "private" : "public"}">${body}</rule>`;
  });
  return `<grammar xmlns="http://www.w3.org/2001/06/grammar" xml:lang="en-US" version="1.0" root="${rules[0]?.id}">${written.join("")}</grammar>`;
}
