/**
 * Which language a tag is written in. SRGS leaves it open where `tag-format` is missing, and documents older than SISR
 * wrote scripts with `$` for the value; both are found in the field.
 */
export type Tag =
  | { readonly kind: "literal"; readonly value: string }
  | { readonly kind: "script"; readonly source: string };

export function readTag(text: string, format: string | null): Tag {
  if (format === "semantics/1.0-literals") return { kind: "literal", value: text.trim() };
  if (format?.startsWith("semantics/1.0") === true) return { kind: "script", source: text };
  return guess(text.trim());
}

/** A quoted text is itself; what assigns, or speaks of `$` or `out`, is a script; all else is literal. */
function guess(text: string): Tag {
  const quoted = /^(['"])((?:(?!\1)[^\\])*)\1;?$/.exec(text);
  if (quoted !== null) return { kind: "literal", value: quoted[2] ?? "" };
  if (/^\$(?:\$|[\p{L}_][\p{L}\p{N}_]*)?;?$/u.test(text)) return { kind: "script", source: `$ = ${text}` };
  if (/^var\s/.test(text)) return { kind: "script", source: `${text}\n;${keepVariables(text)}` };
  if (/^(?:out\b|\$|[\p{L}_$][\p{L}\p{N}_$.]*\s*=[^=])/u.test(text)) return { kind: "script", source: text };
  return { kind: "literal", value: text };
}

/** `var size='large';` and nothing else gives a value with the property `size`. */
function keepVariables(text: string): string {
  const names = [...text.matchAll(/\bvar\s+([\p{L}_$][\p{L}\p{N}_$]*)/gu)].map((found) => found[1]);
  return names.map((name) => `if (typeof out === 'object') out.${name} = ${name};`).join("");
}
