/**
 * Keys heard as tones (ITU-T Q.23, Q.24), for peers that send no telephone-event. Goertzel's filter over blocks of 102
 * samples: short enough that a key of 40 ms fills two of them, long enough to tell neighbouring rows apart. A block
 * is a key when nearly all its energy lies in one row and one column; two blocks in a row make the key count.
 *
 * The second harmonic of the row is not tested, though many do: twice 697 and 770 Hz lie beside column tones.
 */
import type { Digit } from "../../../domain/ports/telephony.ts";
import { DTMF_COLUMNS_HZ, DTMF_KEYPAD, DTMF_ROWS_HZ } from "./dtmf-tone.ts";
import { SAMPLES_PER_MS } from "./g711.ts";

/** 12.75 ms. */
const BLOCK_SAMPLES = 102;
const FULL_SCALE = 32_768;
/** Mean square of a block, full scale being 1: below -40 dB nothing is a key. */
const ENERGY_MIN = 1e-4;
/** Share of the block's energy that row and column have together; speech has more elsewhere. */
const TONE_SHARE_MIN = 0.7;
/** Column over row (Q.24 asks for -8 to +4 dB). */
const TWIST_DB_MIN = -8;
const TWIST_DB_MAX = 4;
/** Every other row and column is 6 dB below. */
const NEIGHBOUR_MAX = 0.25;
/** Speech and music have harmonics, keys have none. */
const HARMONIC_MAX = 0.1;
const BLOCKS_FOR_KEY = 2;
const BLOCKS_FOR_PAUSE = 2;

const SAMPLE_RATE_HZ = SAMPLES_PER_MS * 1_000;
const coefficientOf = (hz: number): number => 2 * Math.cos((2 * Math.PI * hz) / SAMPLE_RATE_HZ);
const ROWS = DTMF_ROWS_HZ.map(coefficientOf);
const COLUMNS = DTMF_COLUMNS_HZ.map(coefficientOf);
const HARMONICS = DTMF_COLUMNS_HZ.map((hz) => coefficientOf(2 * hz));

export interface ToneDetector {
  /** The next samples, of any number. `onKey` runs once for each key, when it has sounded for two blocks. */
  hear(samples: Int16Array): void;
}

export function createToneDetector(onKey: (key: Digit) => void): ToneDetector {
  const block = new Float64Array(BLOCK_SAMPLES);
  let filled = 0;
  let last: Digit | null = null;
  let agreeing = 0;
  let pausing = BLOCKS_FOR_PAUSE;

  function judge(key: Digit | null): void {
    pausing = key === null ? pausing + 1 : pausing;
    agreeing = key !== null && key === last ? agreeing + 1 : 1;
    last = key;
    if (key === null || agreeing !== BLOCKS_FOR_KEY) return;
    // A block lost in the middle of a key does not make two of it.
    const isNew = pausing >= BLOCKS_FOR_PAUSE || key !== told;
    pausing = 0;
    told = key;
    if (isNew) onKey(key);
  }
  let told: Digit | null = null;

  return {
    hear(samples) {
      for (const sample of samples) {
        block[filled] = sample / FULL_SCALE;
        filled += 1;
        if (filled < BLOCK_SAMPLES) continue;
        filled = 0;
        judge(keyOf(block));
      }
    },
  };
}

function keyOf(block: Float64Array): Digit | null {
  let energy = 0;
  for (const sample of block) energy += sample * sample;
  if (energy / BLOCK_SAMPLES <= ENERGY_MIN) return null;
  const row = strongest(block, ROWS);
  const column = strongest(block, COLUMNS);
  if (row === null || column === null) return null;
  if ((row.power + column.power) / ((energy * BLOCK_SAMPLES) / 2) <= TONE_SHARE_MIN) return null;
  const twistDb = 10 * Math.log10(column.power / row.power);
  if (twistDb < TWIST_DB_MIN || twistDb > TWIST_DB_MAX) return null;
  if (powerAt(block, HARMONICS[column.index] ?? 0) >= HARMONIC_MAX * column.power) return null;
  return DTMF_KEYPAD[row.index]?.[column.index] ?? null;
}

/** Null when another one comes near it. */
function strongest(
  block: Float64Array,
  coefficients: readonly number[],
): { readonly index: number; readonly power: number } | null {
  let index = 0;
  let power = 0;
  let second = 0;
  for (const [candidate, coefficient] of coefficients.entries()) {
    const found = powerAt(block, coefficient);
    if (found > power) {
      second = power;
      power = found;
      index = candidate;
    } else second = Math.max(second, found);
  }
  return second < NEIGHBOUR_MAX * power ? { index, power } : null;
}

function powerAt(block: Float64Array, coefficient: number): number {
  let one = 0;
  let two = 0;
  for (const sample of block) {
    const next = sample + coefficient * one - two;
    two = one;
    one = next;
  }
  return one * one + two * two - coefficient * one * two;
}
