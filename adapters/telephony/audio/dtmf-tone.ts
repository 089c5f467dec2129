import type { Digit } from "../../../domain/ports/telephony.ts";
import { SAMPLES_PER_MS } from "./g711.ts";

/** ITU-T Q.23: a key is one tone of its row and one of its column. */
export const DTMF_ROWS_HZ = [697, 770, 852, 941] as const;
export const DTMF_COLUMNS_HZ = [1209, 1336, 1477, 1633] as const;
/** Keys by row and column. */
export const DTMF_KEYPAD: readonly (readonly Digit[])[] = [
  ["1", "2", "3", "A"],
  ["4", "5", "6", "B"],
  ["7", "8", "9", "C"],
  ["*", "0", "#", "D"],
];

/** About -9 dBm0 a tone: loud enough for every decoder, and the sum of both does not clip. */
const TONE_PEAK = 8_000;
const TONE_MS = 100;
const SAMPLE_RATE_HZ = SAMPLES_PER_MS * 1_000;

/** A key as 100 ms of sound, for peers that take no telephone-event. */
export function dtmfTone(digit: Digit): Int16Array {
  const made = TONES.get(digit) ?? makeTone(digit);
  TONES.set(digit, made);
  return made;
}

/** At most the 16 keys. */
const TONES = new Map<Digit, Int16Array>();

function makeTone(digit: Digit): Int16Array {
  const row = DTMF_KEYPAD.findIndex((keys) => keys.includes(digit));
  const column = DTMF_KEYPAD[row]?.indexOf(digit) ?? 0;
  const low = (2 * Math.PI * (DTMF_ROWS_HZ[row] ?? 0)) / SAMPLE_RATE_HZ;
  const high = (2 * Math.PI * (DTMF_COLUMNS_HZ[column] ?? 0)) / SAMPLE_RATE_HZ;
  return Int16Array.from({ length: TONE_MS * SAMPLES_PER_MS }, (_, n) =>
    Math.round(TONE_PEAK * (Math.sin(low * n) + Math.sin(high * n))),
  );
}
