/**
 * 16 kHz to 8 kHz. Everything above 4 kHz must go before every second sample does, or it comes back mirrored into
 * speech. A half-band filter does it at half the price: apart from the middle one, every second of its taps is zero.
 */

/** Taps on each side of the middle; 31 gives 60 dB from 4.6 kHz on and is flat to 3.4 kHz. */
const REACH = 31;
const TAPS = halfBandTaps(REACH);

/** Half as many samples (rounded up), without delay: sample n stands where 2n stood. */
export function halveRate(samples: Int16Array): Int16Array {
  const out = new Int16Array((samples.length + 1) >> 1);
  for (let n = 0; n < out.length; n += 1) out[n] = clamp(filteredAt(samples, 2 * n));
  return out;
}

function filteredAt(samples: Int16Array, middle: number): number {
  let sum = 0.5 * (samples[middle] ?? 0);
  for (const { offset, weight } of TAPS) {
    sum += weight * ((samples[middle - offset] ?? 0) + (samples[middle + offset] ?? 0));
  }
  return sum;
}

/** The non-zero taps beside the middle: a sinc cut with a Blackman window, scaled to pass DC unchanged. */
function halfBandTaps(reach: number): readonly { readonly offset: number; readonly weight: number }[] {
  const raw: { offset: number; weight: number }[] = [];
  for (let offset = 1; offset <= reach; offset += 2) {
    const phase = (Math.PI * offset) / (reach + 1);
    const window = 0.42 + 0.5 * Math.cos(phase) + 0.08 * Math.cos(2 * phase);
    raw.push({ offset, weight: (window * Math.sin((Math.PI * offset) / 2)) / (Math.PI * offset) });
  }
  const total = raw.reduce((sum, { weight }) => sum + 2 * weight, 0);
  return raw.map(({ offset, weight }) => ({ offset, weight: (weight * 0.5) / total }));
}

function clamp(value: number): number {
  return Math.max(-0x8000, Math.min(0x7fff, Math.round(value)));
}
