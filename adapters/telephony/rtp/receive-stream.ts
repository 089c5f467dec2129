import type { Digit } from "../../../domain/ports/telephony.ts";
import { FRAME_SAMPLES, type G711 } from "../audio/g711.ts";
import { createConcealment, REPLAYED_FRAMES_MAX } from "./concealment.ts";
import { createJitterBuffer } from "./jitter-buffer.ts";
import { createKeyReceiver } from "./key-receiver.ts";
import type { MediaCounter } from "./media-counters.ts";
import {
  createReceiveCheck,
  type Heard,
  type PacketSource,
  type ReceiveAgreement,
  type ReceiveCheck,
} from "./receive-check.ts";
import { timestampDistance } from "./rtp-packet.ts";

export type ReceiveStreamOptions = {
  readonly agreement: ReceiveAgreement;
  readonly law: G711;
  readonly onKey: (key: Digit, atMs: number) => void;
  readonly count: (what: MediaCounter) => void;
};

export type ReceivedFrame = {
  /** Reused: valid until the next frame. */
  readonly samples: Int16Array;
  readonly concealed: boolean;
};

/** The RTP that we hear on one call: packets in, a frame every 20 ms and keys out. */
export interface ReceiveStream {
  /** True when the packet was believed. */
  receive(packet: Uint8Array, source: PacketSource, nowMs: number): boolean;
  /** The frame of this 20 ms. Silence before the first packet. */
  next(nowMs: number): ReceivedFrame;
  readonly received: number;
  /** Frames that were lost, and replaced by what was heard before (I16, I17). */
  readonly concealed: number;
  readonly jitterMs: number;
  /** For RTCP. */
  readonly check: ReceiveCheck;
}

export function createReceiveStream({ agreement, law, onKey, count }: ReceiveStreamOptions): ReceiveStream {
  const check = createReceiveCheck(agreement);
  const buffer = createJitterBuffer(law.decoded);
  const concealment = createConcealment();
  const keys = createKeyReceiver(({ ended }) => {
    if (!ended) count("key-end-lost");
  });
  const frame = { samples: new Int16Array(FRAME_SAMPLES), concealed: false };
  let received = 0;
  let concealed = 0;
  /** Frames missing since the last packet: lost, or never sent? The next packet tells. */
  let undecided = 0;
  /** Frames of a pause that are over for the peer, and still to come here: reading lies behind. */
  let pauseLeft = 0;
  let audioEndsAt: number | null = null;
  /** The peer said that it is silent, and has not spoken since. */
  let announcedSilence = false;

  function restart(): void {
    buffer.restart();
    keys.restart();
    audioEndsAt = null;
    settle(0);
    pauseLeft = 0;
  }

  /** A peer that pauses skips timestamps but no sequence number: those frames were not lost. */
  function settle(pausedSamples: number): void {
    const frames = Math.floor(pausedSamples / FRAME_SAMPLES);
    const paused = Math.min(undecided, frames);
    concealed += undecided - paused;
    undecided = 0;
    pauseLeft += frames - paused;
  }

  function settleBefore({ rtp, inOrder }: Heard, samples: number): void {
    if (!inOrder) return;
    const gap = audioEndsAt === null ? 0 : timestampDistance(audioEndsAt, rtp.timestamp);
    settle(check.sequence.contiguous ? Math.max(0, gap) : 0);
    if (gap >= 0 || audioEndsAt === null) audioEndsAt = (rtp.timestamp + samples) >>> 0;
  }

  function hearAudio(packet: Uint8Array, heard: Heard, nowMs: number): void {
    const { payloadStart: start, payloadEnd: end, timestamp } = heard.rtp;
    settleBefore(heard, end - start);
    const kept = buffer.write({ timestamp, payload: packet, start, end, inOrder: heard.inOrder }, nowMs);
    if (kept === "late") count("late");
  }

  function hearKey(packet: Uint8Array, { rtp }: Heard, nowMs: number): void {
    const { payloadStart: start, payloadEnd: end, timestamp, marker } = rtp;
    const { key, fault } = keys.read({ timestamp, marker, payload: packet, start, end }, nowMs);
    if (fault === "bad-event") count("bad-event");
    // Audio pauses while a key is down. A frame more: the next packet comes when that is already due.
    else buffer.writeSilence(timestamp, keys.spanSamples + FRAME_SAMPLES);
    if (key !== null) onKey(key, nowMs);
  }

  function hear(packet: Uint8Array, heard: Heard, nowMs: number): void {
    if (heard.restarted) restart();
    received += 1;
    announcedSilence = heard.kind === "comfort-noise";
    if (heard.kind === "audio") hearAudio(packet, heard, nowMs);
    else if (heard.kind === "events") hearKey(packet, heard, nowMs);
    else settleBefore(heard, 0);
  }

  return {
    receive(packet, source, nowMs) {
      const heard = check.check(packet, source, nowMs);
      if (typeof heard === "string") {
        count(heard);
        return false;
      }
      hear(packet, heard, nowMs);
      return true;
    },
    next(nowMs) {
      keys.tick(nowMs);
      const kind = buffer.read(frame.samples);
      frame.concealed = kind === "missing" && !announcedSilence;
      if (frame.concealed) {
        if (pauseLeft > 0) pauseLeft -= 1;
        else undecided += 1;
        concealment.lost(frame.samples);
      } else {
        if (kind !== "good") frame.samples.fill(0);
        concealment.good(frame.samples);
      }
      return frame;
    },
    get received() {
      return received;
    },
    get concealed() {
      // After the last packet nobody knows what was sent: what was audibly replaced counts.
      return concealed + Math.min(undecided, REPLAYED_FRAMES_MAX);
    },
    get jitterMs() {
      return buffer.jitterMs;
    },
    check,
  };
}
