/**
 * Keys as RFC 4733 events. All packets of one key carry the timestamp of its beginning, so that is its identity: the key
 * counts at the first packet that arrives, whichever it is, and never again, however the rest are lost, doubled
 * or reordered. A key held longer than the 16-bit duration can say goes on under a new timestamp (2.5.1.3).
 */
import type { Digit } from "../../../domain/ports/telephony.ts";
import { SAMPLES_PER_MS } from "../audio/g711.ts";
import { timestampDistance, uint16 } from "./rtp-packet.ts";

export const KEYS: readonly Digit[] = [
  "0",
  "1",
  "2",
  "3",
  "4",
  "5",
  "6",
  "7",
  "8",
  "9",
  "*",
  "#",
  "A",
  "B",
  "C",
  "D",
];
/** RFC 4733 2.3: event, flags with volume, duration. */
export const EVENT_BYTES = 4;
export const END_FLAG = 0x80;
/** Without a packet for so long a key is over: its three end packets are lost. */
const KEY_SILENCE_MS = 120;
const DURATION_MAX = 0xffff;

export type EventPacket = {
  readonly timestamp: number;
  readonly marker: boolean;
  readonly payload: Uint8Array;
  readonly start: number;
  readonly end: number;
};

type KeyStart =
  | { readonly key: Digit; readonly fault: null }
  /** "bad-event": too short, or no key (events above 15). "repeat": known already. */
  | { readonly key: null; readonly fault: "bad-event" | "repeat" };

export type KeyEnd = {
  readonly lengthMs: number;
  /** False when the end packets never came. */
  readonly ended: boolean;
};

export interface KeyReceiver {
  read(packet: EventPacket, nowMs: number): KeyStart;
  /** Samples that the key spans so far by the last packet; audio is not expected there. */
  readonly spanSamples: number;
  /** Closes a key whose end was lost. Call every frame. */
  tick(nowMs: number): void;
  /** A new stream: its timestamps have nothing to do with those before. */
  restart(): void;
}

type HeldKey = { event: number; timestamp: number; samplesBefore: number; duration: number; open: boolean };

const BAD_EVENT: KeyStart = { key: null, fault: "bad-event" };
const REPEAT: KeyStart = { key: null, fault: "repeat" };

export function createKeyReceiver(onEnd: (end: KeyEnd) => void): KeyReceiver {
  let last: HeldKey | null = null;
  let lastPacketMs = 0;

  function close(key: HeldKey, ended: boolean): void {
    if (!key.open) return;
    key.open = false;
    onEnd({ lengthMs: (key.samplesBefore + key.duration) / SAMPLES_PER_MS, ended });
  }

  function continueKey(key: HeldKey, duration: number, end: boolean): KeyStart {
    key.duration = Math.max(key.duration, duration);
    if (end) close(key, true);
    return REPEAT;
  }

  function startKey(event: number, packet: EventPacket, duration: number): KeyStart {
    const key = KEYS[event];
    if (key === undefined) return BAD_EVENT;
    if (last !== null) close(last, false);
    last = { event, timestamp: packet.timestamp, samplesBefore: 0, duration, open: true };
    return { key, fault: null };
  }

  return {
    read(packet, nowMs) {
      if (packet.end - packet.start < EVENT_BYTES) return BAD_EVENT;
      const event = packet.payload[packet.start] ?? 0;
      const end = ((packet.payload[packet.start + 1] ?? 0) & END_FLAG) !== 0;
      const duration = uint16(packet.payload, packet.start + 2);
      lastPacketMs = nowMs;
      if (last !== null) {
        const step = timestampDistance(last.timestamp, packet.timestamp);
        if (step === 0) return continueKey(last, duration, end);
        if (step < 0) return REPEAT;
        if (isNextSegment(last, event, packet.marker, step)) {
          last.timestamp = packet.timestamp;
          last.samplesBefore += step;
          last.duration = 0;
          return continueKey(last, duration, end);
        }
      }
      const start = startKey(event, packet, duration);
      if (start.key !== null && end && last !== null) close(last, true);
      return start;
    },
    get spanSamples() {
      return last === null ? 0 : last.duration;
    },
    tick(nowMs) {
      if (last?.open === true && nowMs - lastPacketMs > KEY_SILENCE_MS) close(last, false);
    },
    restart() {
      if (last !== null) close(last, false);
      last = null;
    },
  };
}

/** The same key, still held: a segment ends exactly where the duration is full, and the next has no marker. */
function isNextSegment(held: HeldKey, event: number, marker: boolean, step: number): boolean {
  return held.open && !marker && held.event === event && step === DURATION_MAX;
}
