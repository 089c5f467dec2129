/**
 * When somebody speaks and when they have stopped, by loudness: enough for a telephone that waits for a prompt to end.
 * Time is counted in frames, so a recording gives the same answers as the call did.
 */
import { loudness } from "../audio/loudness.ts";

const FRAME_MS = 20;
/** Mean magnitude; speech has some 1,000, a quiet line below 50. */
const LOUD_FROM = 200;
/** A click is no word. */
const ONSET_FRAMES = 3;
/** Pauses between words are shorter. */
const PAUSE_MS = 400;
/** What a key cuts short is still heard for a moment: 160 ms after `forget`, sound is no news. */
const FORGOTTEN_FRAMES = 8;

type SpeechChange = "started" | "stopped" | null;

export interface SpeechWatch {
  /** 20 ms. "stopped" comes 400 ms after the last sound. */
  hear(frame: Int16Array): SpeechChange;
  /** How long it has been quiet since something was heard; null: nothing was heard yet, or it is loud now. */
  readonly quietMs: number | null;
  /** A new wait begins: what was heard before does not count. */
  forget(): void;
}

export function createSpeechWatch(): SpeechWatch {
  let loudInARow = 0;
  let quietFrames = 0;
  let speaking = false;
  let heard = false;
  let forgotten = 0;

  function hearLoud(): SpeechChange {
    loudInARow += 1;
    if (loudInARow < ONSET_FRAMES) return null;
    quietFrames = 0;
    if (forgotten === 0) heard = true;
    if (speaking) return null;
    speaking = true;
    return "started";
  }

  function hearQuiet(): SpeechChange {
    loudInARow = 0;
    quietFrames += 1;
    if (!speaking || quietFrames * FRAME_MS < PAUSE_MS) return null;
    speaking = false;
    return "stopped";
  }

  return {
    hear(frame) {
      forgotten = Math.max(0, forgotten - 1);
      return loudness(frame) >= LOUD_FROM ? hearLoud() : hearQuiet();
    },
    get quietMs() {
      return heard && quietFrames > 0 ? quietFrames * FRAME_MS : null;
    },
    forget() {
      heard = false;
      forgotten = FORGOTTEN_FRAMES;
    },
  };
}
