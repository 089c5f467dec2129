/**
 * Keys that we press, a frame at a time: 100 ms of key, then 100 ms without. As RFC 4733 events the last packet of a key
 * goes out three times (2.5.1.4), a frame apart, so that a burst of losses does not leave the key pressed.
 */
import type { Digit } from "../../../domain/ports/telephony.ts";
import { FRAME_SAMPLES } from "../audio/g711.ts";
import { END_FLAG, KEYS } from "./key-receiver.ts";
import { putUint16 } from "./rtp-packet.ts";

const TONE_FRAMES = 5;
const GAP_FRAMES = 5;
const END_PACKETS = 3;
/** RFC 4733 2.3.2: in -dBm0. */
const VOLUME = 10;
/** Keys waiting on one call. */
export const KEYS_WAITING_MAX = 128;

/** Where in a key we are. `frame` counts from its beginning, through the gap behind it. */
export type KeyFrame = { readonly key: Digit; readonly frame: number };

export interface KeySender {
  /** False when the keys do not fit. `onSent` runs after the gap of the last one. */
  press(keys: readonly Digit[], onSent: () => void): boolean;
  /** What this frame holds; null: no key. */
  next(): KeyFrame | null;
  readonly idle: boolean;
  /** The rest is not sent; every `onSent` runs. */
  clear(): void;
}

type Waiting = { readonly key: Digit; readonly onSent: (() => void) | null };

export function createKeySender(): KeySender {
  const waiting: Waiting[] = [];
  let frame = 0;

  function advance(): void {
    frame += 1;
    if (frame < TONE_FRAMES + GAP_FRAMES) return;
    frame = 0;
    waiting.shift()?.onSent?.();
  }

  return {
    press(keys, onSent) {
      if (waiting.length + keys.length > KEYS_WAITING_MAX) return false;
      if (keys.length === 0) onSent();
      waiting.push(...keys.map((key, i) => ({ key, onSent: i === keys.length - 1 ? onSent : null })));
      return true;
    },
    next() {
      const current = waiting[0];
      if (current === undefined) return null;
      const now = { key: current.key, frame };
      advance();
      return now;
    },
    get idle() {
      return waiting.length === 0;
    },
    clear() {
      const dropped = waiting.splice(0);
      frame = 0;
      for (const { onSent } of dropped) onSent?.();
    },
  };
}

export function isToneFrame({ frame }: KeyFrame): boolean {
  return frame < TONE_FRAMES;
}

/** Frames in which an event packet leaves: those of the tone, and the repeats of the last. */
export function isEventFrame({ frame }: KeyFrame): boolean {
  return frame < TONE_FRAMES - 1 + END_PACKETS;
}

/** RFC 4733 2.3: event, end flag with volume, duration so far. */
export function writeEvent(packet: Uint8Array, at: number, { key, frame }: KeyFrame): void {
  const ending = frame >= TONE_FRAMES - 1;
  packet[at] = KEYS.indexOf(key);
  packet[at + 1] = (ending ? END_FLAG : 0) | VOLUME;
  putUint16(packet, at + 2, Math.min(frame + 1, TONE_FRAMES) * FRAME_SAMPLES);
}
