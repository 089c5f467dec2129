/** Sounds to send, and measures of what came out at the other end. Mono, 16 bits, 8 kHz. */

const RATE_HZ = 8_000;

export function sine(options: { hz: number; ms: number; peak?: number }): Int16Array {
  const { hz, ms, peak = 8_000 } = options;
  return Int16Array.from({ length: (ms * RATE_HZ) / 1_000 }, (_, n) =>
    Math.round(peak * Math.sin((2 * Math.PI * hz * n) / RATE_HZ)),
  );
}

/** A tone that glides: unlike a sine it resembles itself at one delay only. */
export function chirp(options: { fromHz: number; toHz: number; ms: number; peak?: number }): Int16Array {
  const { fromHz, toHz, ms, peak = 8_000 } = options;
  const seconds = ms / 1_000;
  return Int16Array.from({ length: (ms * RATE_HZ) / 1_000 }, (_, n) => {
    const t = n / RATE_HZ;
    const phase = 2 * Math.PI * (fromHz * t + ((toHz - fromHz) * t * t) / (2 * seconds));
    return Math.round(peak * Math.sin(phase));
  });
}

export function joined(parts: readonly Int16Array[]): Int16Array {
  return Int16Array.from(parts.flatMap((part) => [...part]));
}

/** Root mean square. */
export function rms(samples: Int16Array): number {
  const sum = samples.reduce((total, sample) => total + sample * sample, 0);
  return Math.sqrt(sum / Math.max(1, samples.length));
}

/** Signal to noise in dB of `heard` against `said`, sample by sample. */
export function signalToNoiseDb(said: Int16Array, heard: Int16Array): number {
  const noise = said.map((sample, n) => Math.max(-32_768, Math.min(32_767, (heard[n] ?? 0) - sample)));
  return 20 * Math.log10(rms(said) / Math.max(1e-9, rms(noise)));
}

export type Found = {
  /** Sample of `heard` where `said` begins. */
  readonly at: number;
  /** Normalised correlation there; 1: the same sound. */
  readonly likeness: number;
};

/** Where `said` is heard best. */
export function findSound(said: Int16Array, heard: Int16Array): Found {
  let best: Found = { at: 0, likeness: 0 };
  for (let at = 0; at + said.length <= heard.length; at += 1) {
    const likeness = likenessAt(said, heard, at);
    if (likeness > best.likeness) best = { at, likeness };
  }
  return best;
}

function likenessAt(said: Int16Array, heard: Int16Array, at: number): number {
  let product = 0;
  let saidEnergy = 0;
  let heardEnergy = 1;
  for (let n = 0; n < said.length; n += 1) {
    const a = said[n] ?? 0;
    const b = heard[at + n] ?? 0;
    product += a * b;
    saidEnergy += a * a;
    heardEnergy += b * b;
  }
  return product / Math.sqrt(saidEnergy * heardEnergy);
}
