/** Bounded: a peer may invent names without end, and those are spelled anew each time. */
const CORE_NAMES_MAX = 256;

// The core's own spelling of the names that are not just capitalised words.
const coreNames = new Map([
  ["call-id", "Call-ID"],
  ["cseq", "CSeq"],
  ["min-se", "Min-SE"],
  ["rack", "RAck"],
  ["rseq", "RSeq"],
  ["www-authenticate", "WWW-Authenticate"],
]);
const EXCEPTIONS: ReadonlyMap<string, string> = new Map(coreNames);

/** A header name as the core keys its headers: `via` and `VIA` are `Via`. */
export function coreName(name: string): string {
  const known = coreNames.get(name);
  if (known !== undefined) return known;
  const lower = name.toLowerCase();
  const spelled =
    EXCEPTIONS.get(lower) ?? lower.replaceAll(/(?:^|-)[a-z]/g, (letter) => letter.toUpperCase());
  if (coreNames.size < CORE_NAMES_MAX) coreNames.set(name, spelled);
  return spelled;
}
