/**
 * What a listener hears instead of a lost frame (I16): the last pitch period of the last good one, again and again,
 * fainter each time, silent after 60 ms; the first good frame after it is faded in over 4 ms so that the seam
 * does not click. In the manner of ITU-T G.711 Appendix I, without its extra delay.
 */
import { FRAME_SAMPLES } from "../audio/g711.ts";

/** 66 … 200 Hz: the pitch of a voice. */
const LAG_MIN = 40;
const LAG_MAX = 120;
/** Compared over the last frame, every second sample: half the price, same lag in practice. */
const COMPARED = FRAME_SAMPLES;
const COMPARED_STEP = 2;
const HISTORY = COMPARED + LAG_MAX;
/** Gain at the end of the first, second and third lost frame in a row. */
const GAINS = [0.8, 0.4, 0] as const;
/** Lost frames in a row in which something is still heard. */
export const REPLAYED_FRAMES_MAX = GAINS.length;
const CROSS_FADE = 32;

export interface Concealment {
  /** A frame came: smooths the seam in place when frames before it were lost. */
  good(frame: Int16Array): void;
  /** A frame is lost: fills it. */
  lost(frame: Int16Array): void;
}

export function createConcealment(): Concealment {
  const history = new Int16Array(HISTORY);
  let lostInARow = 0;
  let lag = LAG_MAX;
  let phase = 0;

  function nextRepeated(): number {
    const sample = history[HISTORY - lag + phase] ?? 0;
    phase = (phase + 1) % lag;
    return sample;
  }

  function replay(target: Int16Array, count: number, from: number, to: number): void {
    for (let i = 0; i < count; i += 1) {
      target[i] = nextRepeated() * (from + ((to - from) * i) / FRAME_SAMPLES);
    }
  }

  const seam = new Int16Array(CROSS_FADE);

  function crossFade(frame: Int16Array): void {
    const gain = GAINS[lostInARow - 1] ?? 0;
    replay(seam, CROSS_FADE, gain, gain);
    for (let i = 0; i < CROSS_FADE; i += 1) {
      const fresh = i / CROSS_FADE;
      frame[i] = (frame[i] ?? 0) * fresh + (seam[i] ?? 0) * (1 - fresh);
    }
  }

  return {
    good(frame) {
      if (lostInARow > 0) crossFade(frame);
      lostInARow = 0;
      history.copyWithin(0, FRAME_SAMPLES);
      history.set(frame, HISTORY - FRAME_SAMPLES);
    },
    lost(frame) {
      if (lostInARow === 0) {
        lag = pitchLag(history);
        phase = 0;
      }
      const before = lostInARow === 0 ? 1 : (GAINS[lostInARow - 1] ?? 0);
      const after = GAINS[lostInARow] ?? 0;
      lostInARow += 1;
      if (before === 0) frame.fill(0);
      else replay(frame, FRAME_SAMPLES, before, after);
    },
  };
}

/** The lag at which the last frame resembles what came before it most (normalised correlation). */
function pitchLag(history: Int16Array): number {
  let best = LAG_MAX;
  let bestScore = 0;
  for (let lag = LAG_MIN; lag <= LAG_MAX; lag += 1) {
    const score = resemblance(history, lag);
    if (score > bestScore) {
      best = lag;
      bestScore = score;
    }
  }
  return best;
}

function resemblance(history: Int16Array, lag: number): number {
  let product = 0;
  let energy = 1;
  for (let i = HISTORY - COMPARED; i < HISTORY; i += COMPARED_STEP) {
    const earlier = history[i - lag] ?? 0;
    product += (history[i] ?? 0) * earlier;
    energy += earlier * earlier;
  }
  return product <= 0 ? 0 : (product * product) / energy;
}
