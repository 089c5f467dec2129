/** Inline documents come from no server: relative links in them have nothing to hang on. */
export const INLINE_SCHEME = "reveille:";

/** Resolves `reference` against `base`; null when that gives no absolute address. */
export function resolveUri(reference: string, base: string): string | null {
  const trimmed = reference.trim();
  if (trimmed === "") return base;
  if (trimmed.startsWith("#")) return withoutFragment(base) + trimmed;
  if (base.startsWith(INLINE_SCHEME) && !/^[a-z][a-z0-9+.-]*:/i.test(trimmed)) return null;
  return URL.canParse(trimmed, base) ? new URL(trimmed, base).href : null;
}

export function withoutFragment(uri: string): string {
  const hash = uri.indexOf("#");
  return hash < 0 ? uri : uri.slice(0, hash);
}

/** Null when there is none, or an empty one: then the first dialog is meant (VoiceXML 2.0 5.3.7). */
export function fragmentOf(uri: string): string | null {
  const hash = uri.indexOf("#");
  return hash < 0 || hash === uri.length - 1 ? null : decodeFragment(uri.slice(hash + 1));
}

function decodeFragment(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // A stray percent sign: no id can hold what was meant, so compare it as it stands.
    return text;
  }
}
