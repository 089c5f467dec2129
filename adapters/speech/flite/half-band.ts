/**
 * From 16 kHz to the telephone's 8 kHz. Dropping every second sample alone would fold what lies above 4 kHz back into
 * speech, so a low-pass comes first: a half-band FIR, in which every second tap is zero.
 */
const REACH = 15;

/** Taps at odd distances from the middle, 1, 3, … 15: windowed sinc, normalised with the middle tap to a gain of 1. */
const TAPS: readonly number[] = makeTaps();
const MIDDLE = 0.5;

/** One sample for every two; both ends are treated as if silence surrounded them. */
export function halveRate(samples: Int16Array): Float32Array {
  const halved = new Float32Array(Math.ceil(samples.length / 2));
  for (let out = 0; out < halved.length; out += 1) {
    const centre = out * 2;
    let sum = MIDDLE * (samples[centre] ?? 0);
    for (const [index, tap] of TAPS.entries()) {
      const distance = index * 2 + 1;
      sum += tap * ((samples[centre - distance] ?? 0) + (samples[centre + distance] ?? 0));
    }
    halved[out] = sum;
  }
  return halved;
}

function makeTaps(): readonly number[] {
  const raw: number[] = [];
  for (let distance = 1; distance <= REACH; distance += 2) {
    const sinc = Math.sin((Math.PI * distance) / 2) / (Math.PI * distance);
    // Hamming window over the 31 taps.
    raw.push(sinc * (0.54 + 0.46 * Math.cos((Math.PI * distance) / (REACH + 1))));
  }
  const total = 2 * raw.reduce((sum, tap) => sum + tap, 0);
  return raw.map((tap) => (tap * 0.5) / total);
}
