import type { Digit, PlayEnd } from "../../../domain/ports/telephony.ts";
import type { MediaAgreement } from "../media-plane.ts";
import type { PortRange } from "./port-pool.ts";

/** What the media thread is told. `session` numbers a call within one thread. */
export type ToThread =
  | {
      readonly type: "open";
      readonly session: number;
      readonly address: string;
      readonly stats: Float64Array;
    }
  | { readonly type: "connect"; readonly session: number; readonly agreement: MediaAgreement }
  | {
      readonly type: "play";
      readonly session: number;
      readonly play: number;
      /** In shared memory: the message carries addresses, not samples. */
      readonly clips: readonly Int16Array[];
      readonly stopOnDigit: boolean;
    }
  | {
      readonly type: "stop";
      readonly session: number;
      readonly play: number;
      readonly why: "stopped" | "hangup";
    }
  | {
      readonly type: "press";
      readonly session: number;
      readonly press: number;
      readonly keys: readonly Digit[];
    }
  /** A key that came by SIP. */
  | { readonly type: "hear-digit"; readonly session: number; readonly digit: Digit }
  | { readonly type: "listen"; readonly session: number; readonly on: boolean }
  | { readonly type: "close"; readonly session: number }
  | { readonly type: "shut-down" };

/** What the media thread tells. */
export type FromThread =
  | { readonly type: "opened"; readonly session: number; readonly port: number }
  | {
      readonly type: "not-opened";
      readonly session: number;
      readonly message: string;
      readonly retryable: boolean;
    }
  /** `atMs` on the clock of `process.hrtime`, which all threads share. */
  | { readonly type: "digit"; readonly session: number; readonly digit: Digit; readonly atMs: number }
  | { readonly type: "played"; readonly session: number; readonly play: number; readonly end: PlayEnd }
  | { readonly type: "pressed"; readonly session: number; readonly press: number; readonly fits: boolean }
  /** All calls of one turn of the wheel together: a message costs more than a frame. */
  | { readonly type: "frames"; readonly frames: readonly FrameOf[] }
  | { readonly type: "timed-out"; readonly session: number }
  | { readonly type: "closed"; readonly session: number };

export type FrameOf = {
  readonly session: number;
  readonly samples: Int16Array;
  readonly concealed: boolean;
};

export type ThreadSetup = {
  readonly portRange: PortRange;
  /** Lateness p99 in ms, then one word for each of `MEDIA_COUNTERS`. Shared. */
  readonly figures: Float64Array;
};

/** This thread's `performance.now()` counts from its own start; `process.hrtime` from one start for all. */
const CLOCK_OFFSET_MS = Number(process.hrtime.bigint()) / 1e6 - performance.now();

/** Milliseconds of a clock that is the same in all threads. */
export function sharedNow(): number {
  return performance.now() + CLOCK_OFFSET_MS;
}

/** The same moment on this thread's `performance.now()`. */
export function toLocalClock(sharedMs: number): number {
  return sharedMs - CLOCK_OFFSET_MS;
}
