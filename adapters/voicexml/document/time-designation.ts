const TIME = /^\+?(\d+(?:\.\d*)?|\.\d+)(ms|s)$/;

/** Milliseconds of a CSS2 time as VoiceXML 2.0 6.5 wants it ("5s", "100ms", "1.5s"); null for anything else. */
export function parseTime(text: string): number | null {
  const found = TIME.exec(text.trim());
  if (found === null) return null;
  return Math.round(Number(found[1]) * (found[2] === "s" ? 1_000 : 1));
}
