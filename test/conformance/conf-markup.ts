/**
 * The W3C test suites are written in a vocabulary of their own beside VoiceXML; each platform turns it into what
 * its caller understands. Ours becomes plain VoiceXML whose prompts carry markers such as "[say new york]", which
 * the scripted caller obeys.
 */
import { parseXml } from "../../adapters/voicexml/document/parse-xml.ts";
import { attribute, type XmlElement, type XmlNode } from "../../adapters/voicexml/document/xml-node.ts";

const CONF_NS = "http://www.w3.org/2002/vxml-conformance";

const PHRASES: Readonly<Record<string, string>> = {
  alpha: "chicago",
  bravo: "san francisco",
  charlie: "new york",
  delta: "london",
  echo: "tokyo",
  foxtrot: "truth or consequences",
  golf: "hackensack",
  hotel: "standardsville",
};

/** Containers in which a prompt is executable content: it is said once, whatever the count. */
const PLAIN_PARENTS: ReadonlySet<string> = new Set([
  "block",
  "nomatch",
  "noinput",
  "catch",
  "filled",
  "if",
  "help",
  "error",
  "foreach",
]);

/** Text that is not well-formed comes back as it is: to refuse it is the interpreter's part. */
export function plainVoiceXml(text: string): string {
  if (!text.includes(CONF_NS)) return text;
  try {
    return `<?xml version="1.0"?>\n${write(parseXml(text, "http://localhost/"), null)}`;
  } catch {
    return text;
  }
}

function write(node: XmlNode, parent: XmlElement | null): string {
  if (node.kind === "text") return escape(node.text);
  if (node.ns === CONF_NS) return writeConf(node, parent);
  const space = parent === null || parent.ns !== node.ns ? ` xmlns="${node.ns}"` : "";
  const given = [...node.attributes].map(([name, value]) => ` ${name}="${escape(value)}"`).join("");
  return `<${node.local}${space}${given}>${children(node)}</${node.local}>`;
}

function children(node: XmlElement): string {
  return node.children.map((child) => write(child, node)).join("");
}

function writeConf(node: XmlElement, parent: XmlElement | null): string {
  switch (node.local) {
    case "pass":
      return `<exit expr="'pass'"/>`;
    case "fail":
      return `<exit expr="${escape(failure(node))}"/>`;
    case "comment":
      return `<log>${children(node)}</log>`;
    case "grammar":
      return writeGrammar(node);
    case "phrase":
      return phrase(attribute(node, "utterance") ?? "");
    case "speech":
      return prompts(`[say ${phrase(attribute(node, "value") ?? "")}]`, parent);
    case "dtmf":
      return prompts(`[press ${attribute(node, "value") ?? ""}]`, parent);
    case "noinput":
      return prompts("[silence]", parent);
    case "nomatch":
      return prompts("[mumble]", parent);
    case "hangup":
      return prompts("[hang up]", parent);
    case "recording":
      return prompts("[record]", parent);
    default:
      return `<log>unknown conf:${node.local}</log>`;
  }
}

function failure(node: XmlElement): string {
  const expr = attribute(node, "expr");
  return `'fail: ' + ${JSON.stringify(attribute(node, "reason") ?? "")}${expr === null ? "" : ` + (${expr})`}`;
}

function prompts(marker: string, parent: XmlElement | null): string {
  if (parent?.local === "prompt" || parent?.local === "audio") return marker;
  if (PLAIN_PARENTS.has(parent?.local ?? "")) return `<prompt>${marker}</prompt>`;
  return [1, 2, 3].map((count) => `<prompt count="${count}">${marker}</prompt>`).join("");
}

function phrase(token: string): string {
  return PHRASES[token] ?? token;
}

function writeGrammar(node: XmlElement): string {
  const interp = attribute(node, "interp");
  const keys = node.children.flatMap((child) => (child.kind === "element" ? writeKey(child, "out") : []));
  const tag = interp === null ? keys.join("") : `out=${JSON.stringify(interp)};`;
  return (
    `<grammar type="application/srgs+xml" version="1.0" mode="voice" root="city" tag-format="semantics/1.0">` +
    `<rule id="city" scope="public"><one-of><item>${phrase(attribute(node, "utterance") ?? "")}` +
    `${tag === "" ? "" : `<tag>${escape(tag)}</tag>`}</item></one-of></rule></grammar>`
  );
}

function writeKey(node: XmlElement, path: string): readonly string[] {
  const target = `${path}.${attribute(node, "name") ?? ""}`;
  const value = attribute(node, "value");
  if (value !== null) return [`${target}=${JSON.stringify(value)};`];
  const inner = node.children.flatMap((child) => (child.kind === "element" ? writeKey(child, target) : []));
  return [`${target}=new Object();`, ...inner];
}

function escape(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}
