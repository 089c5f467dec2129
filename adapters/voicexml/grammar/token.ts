import type { GrammarMode } from "./grammar-mode.ts";

const SPELLED_KEYS: ReadonlyMap<string, string> = new Map([
  ["star", "*"],
  ["pound", "#"],
]);
const KEYS = /^[0-9A-D*#]$/;

/** How a word or key is compared: without regard to case, white space or composition (SRGS 1.0 section 2.1). */
export function normalToken(text: string, mode: GrammarMode): string {
  if (mode === "dtmf") return SPELLED_KEYS.get(text.toLowerCase()) ?? text.toUpperCase();
  return text.normalize("NFC").toLowerCase();
}

export function isKey(normal: string): boolean {
  return KEYS.test(normal);
}
