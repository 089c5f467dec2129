import { milliseconds } from "../../../domain/kernel/time.ts";
import type { PlayEnd } from "../../../domain/ports/telephony.ts";
import { encodeG711, FRAME_SAMPLES, type G711, SAMPLES_PER_MS } from "../audio/g711.ts";

export type Play = {
  readonly clips: readonly Int16Array[];
  readonly stopOnDigit: boolean;
  readonly onEnd: (end: PlayEnd) => void;
};

/** Plays clips one behind the other, to the sample: a clip that ends inside a frame is followed in the same frame. */
export interface ClipPlayer {
  /** The one before, if it still plays, ends as "stopped". */
  start(play: Play): void;
  stop(why: PlayEnd["why"]): void;
  /** Ends what asked to end at a key. */
  onKey(): void;
  readonly idle: boolean;
  /** Encodes the next 160 samples; false when there is nothing to play. */
  next(law: G711, bytes: Uint8Array, at: number): boolean;
}

export function createClipPlayer(): ClipPlayer {
  let current: Play | null = null;
  let clip = 0;
  let position = 0;
  let playedSamples = 0;

  function end(why: PlayEnd["why"]): void {
    const ended = current;
    current = null;
    ended?.onEnd({ why, playedMs: milliseconds(playedSamples / SAMPLES_PER_MS) });
  }

  /** Moves past finished and empty clips; the one to go on with, or null. */
  function playable(): Int16Array | null {
    const clips = current?.clips ?? [];
    for (; clip < clips.length; clip += 1) {
      const samples = clips[clip];
      if (samples !== undefined && position < samples.length) return samples;
      position = 0;
    }
    return null;
  }

  function fill(law: G711, bytes: Uint8Array, at: number): number {
    let filled = 0;
    for (let samples = playable(); samples !== null && filled < FRAME_SAMPLES; samples = playable()) {
      const count = Math.min(FRAME_SAMPLES - filled, samples.length - position);
      encodeG711(law, { samples, from: position, count }, { bytes, at: at + filled });
      position += count;
      filled += count;
    }
    return filled;
  }

  return {
    start(play) {
      end("stopped");
      current = play;
      clip = 0;
      position = 0;
      playedSamples = 0;
      if (playable() === null) end("finished");
    },
    stop: end,
    get idle() {
      return current === null;
    },
    onKey() {
      if (current?.stopOnDigit === true) end("digit");
    },
    next(law, bytes, at) {
      if (current === null) return false;
      const filled = fill(law, bytes, at);
      bytes.fill(law.silence, at + filled, at + FRAME_SAMPLES);
      playedSamples += filled;
      // The packet leaves in this very turn, so whoever waits for the end may already go on.
      if (playable() === null) end("finished");
      return true;
    },
  };
}
