import { milliseconds } from "../../../domain/kernel/time.ts";
import type { AudioClip, Digit, PlayEnd, Playing } from "../../../domain/ports/telephony.ts";
import type { MediaSession } from "../media-plane.ts";
import { KEYS_WAITING_MAX } from "./key-sender.ts";
import { readSessionStats } from "./session-stats.ts";
import { type FromThread, type ToThread, toLocalClock } from "./thread-messages.ts";

/** Clips of one `play`; a prompt has a few. */
export const CLIPS_MAX = 1_024;

type WithoutSession<T> = T extends { readonly session: number } ? Omit<T, "session"> : never;
export type SessionOrder = WithoutSession<ToThread>;
type SessionNews = Exclude<FromThread, { type: "frames" | "opened" | "not-opened" }>;

export type MediaSessionOptions = {
  readonly localPort: number;
  readonly stats: Float64Array;
  readonly tell: (order: SessionOrder) => void;
};

/** One call's media as the main thread sees it. */
export interface ThreadedMediaSession extends MediaSession {
  hear(news: SessionNews): void;
  hearFrame(samples: Int16Array, concealed: boolean): void;
  /** The media thread is gone: nothing more will come. */
  lose(): void;
}

type DigitListener = Parameters<MediaSession["onDigit"]>[0];
type FrameListener = Parameters<MediaSession["onFrame"]>[0];

export function createMediaSession({ localPort, stats, tell }: MediaSessionOptions): ThreadedMediaSession {
  const digitListeners = new Set<DigitListener>();
  const frameListeners = new Set<FrameListener>();
  const hangupListeners = new Set<() => void>();
  const timeoutListeners = new Set<() => void>();
  const playing = new Map<number, (end: PlayEnd) => void>();
  const pressing = new Map<
    number,
    { readonly resolve: () => void; readonly reject: (error: Error) => void }
  >();
  const closed = Promise.withResolvers<void>();
  let orders = 0;
  let newestPlay = 0;
  let gone = false;
  let closing = false;

  function play(clips: readonly AudioClip[], stopOnDigit: boolean): Playing {
    if (clips.length > CLIPS_MAX) throw new RangeError(`media: ${clips.length} clips, at most ${CLIPS_MAX}`);
    if (gone) return { ended: Promise.resolve(NOTHING_PLAYED), stop: () => undefined };
    orders += 1;
    const order = orders;
    const { promise, resolve } = Promise.withResolvers<PlayEnd>();
    newestPlay = order;
    playing.set(order, resolve);
    tell({ type: "play", play: order, clips: clips.map(sharedSamples), stopOnDigit });
    return { ended: promise, stop: () => stop(order, "stopped") };
  }

  /** The thread answers with how far it came. An old play's stop must not stop its successor. */
  function stop(order: number, why: "stopped" | "hangup"): void {
    if (order === newestPlay && playing.has(order)) tell({ type: "stop", play: order, why });
  }

  function leave(): void {
    if (gone) return;
    gone = true;
    stop(newestPlay, "hangup");
    for (const listener of hangupListeners) listener();
    hangupListeners.clear();
  }

  function lose(): void {
    leave();
    for (const resolve of playing.values()) resolve(NOTHING_PLAYED);
    playing.clear();
    for (const { resolve } of pressing.values()) resolve();
    pressing.clear();
    digitListeners.clear();
    frameListeners.clear();
    timeoutListeners.clear();
    closed.resolve();
  }

  function heardPressed(press: number, fits: boolean): void {
    const pressed = pressing.get(press);
    pressing.delete(press);
    if (fits) pressed?.resolve();
    else pressed?.reject(new RangeError(`media: more than ${KEYS_WAITING_MAX} keys would be waiting`));
  }

  function timeOut(): void {
    const listeners = [...timeoutListeners];
    timeoutListeners.clear();
    for (const listener of listeners) listener();
  }

  return {
    localPort,
    connect: (agreement) => tell({ type: "connect", agreement }),
    quality() {
      const { received, concealed, sent, jitterMs } = readSessionStats(stats);
      return { received, concealed, sent, jitterMs };
    },
    hearDigit(digit) {
      if (!gone) tell({ type: "hear-digit", digit });
    },
    onTimeout: (listener) => void timeoutListeners.add(listener),
    hungUp: leave,
    async close() {
      if (!closing) {
        closing = true;
        leave();
        tell({ type: "close" });
      }
      await closed.promise;
    },
    play: (clips, { stopOnDigit }) => play(clips, stopOnDigit),
    onDigit(listener) {
      digitListeners.add(listener);
      return () => void digitListeners.delete(listener);
    },
    onFrame(listener) {
      frameListeners.add(listener);
      if (frameListeners.size === 1) tell({ type: "listen", on: true });
      return () => {
        if (frameListeners.delete(listener) && frameListeners.size === 0) tell({ type: "listen", on: false });
      };
    },
    onHangup(listener) {
      if (gone) listener();
      else hangupListeners.add(listener);
    },
    async sendDigits(keys: readonly Digit[]) {
      if (gone) return;
      orders += 1;
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      pressing.set(orders, { resolve, reject });
      tell({ type: "press", press: orders, keys });
      await promise;
    },
    hear(news) {
      switch (news.type) {
        case "digit": {
          const at = milliseconds(toLocalClock(news.atMs));
          for (const listener of digitListeners) listener(news.digit, at);
          return;
        }
        case "played": {
          const resolve = playing.get(news.play);
          playing.delete(news.play);
          resolve?.(news.end);
          return;
        }
        case "pressed":
          return heardPressed(news.press, news.fits);
        case "timed-out":
          return timeOut();
        case "closed":
          return lose();
      }
    },
    hearFrame(samples, concealed) {
      for (const listener of frameListeners) listener(samples, concealed);
    },
    lose() {
      timeOut();
      lose();
    },
  };
}

const NOTHING_PLAYED: PlayEnd = { why: "hangup", playedMs: milliseconds(0) };

/** Shared memory goes to the other thread as it is; anything else is copied once, here, and never again. */
function sharedSamples({ samples }: AudioClip): Int16Array {
  if (samples.buffer instanceof SharedArrayBuffer) return samples;
  const shared = new Int16Array(new SharedArrayBuffer(samples.byteLength));
  shared.set(samples);
  return shared;
}
