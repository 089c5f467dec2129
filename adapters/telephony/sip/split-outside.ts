import { SipSyntaxError } from "./sip-syntax-error.ts";

/** Splits at a separator outside quotes and angle brackets; parts are trimmed. Throws on an unbalanced quote. */
export function splitOutside(text: string, separator: "," | ";"): readonly string[] {
  if (!text.includes(separator) && !text.includes('"')) return [text.trim()];
  if (!text.includes('"') && !text.includes("<")) return splitPlain(text, separator);
  const parts: string[] = [];
  let start = 0;
  let quoted = false;
  let bracketed = false;
  for (let index = 0; index < text.length; index += 1) {
    const character = text[index];
    if (quoted) {
      if (character === "\\") index += 1;
      else if (character === '"') quoted = false;
    } else if (character === '"') quoted = true;
    else if (character === "<") bracketed = true;
    else if (character === ">") bracketed = false;
    else if (character === separator && !bracketed) {
      parts.push(text.slice(start, index).trim());
      start = index + 1;
    }
  }
  if (quoted) throw new SipSyntaxError("quote without its end");
  parts.push(text.slice(start).trim());
  return parts;
}

/** What most headers are: nothing in them hides a separator. */
function splitPlain(text: string, separator: string): readonly string[] {
  const parts = text.split(separator);
  for (const [index, part] of parts.entries()) parts[index] = part.trim();
  return parts;
}
