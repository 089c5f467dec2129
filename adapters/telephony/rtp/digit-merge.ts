import type { Digit } from "../../../domain/ports/telephony.ts";

/** How a key can reach us: RFC 4733 events, SIP INFO, tones in the audio. Some gateways send it twice. */
export type DigitSource = "event" | "info" | "tone";

/** The same key from another source within this time is the same press. */
export const MERGE_MS = 200;

export interface DigitMerge {
  /** Whether this is a key that has not counted yet. `atMs` is monotonic. */
  isNew(digit: Digit, source: DigitSource, atMs: number): boolean;
}

export function createDigitMerge(): DigitMerge {
  let last: { readonly digit: Digit; readonly source: DigitSource; readonly atMs: number } | null = null;
  return {
    isNew(digit, source, atMs) {
      const isEcho =
        last !== null && last.digit === digit && last.source !== source && atMs - last.atMs < MERGE_MS;
      if (isEcho) return false;
      last = { digit, source, atMs };
      return true;
    },
  };
}
