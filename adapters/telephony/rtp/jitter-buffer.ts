/**
 * Packets come in bursts, out of order, or not at all; a listener wants 160 samples every 20 ms. The buffer is a ring
 * of samples addressed by RTP timestamp, not a list of packets: a packet of any length writes where it belongs,
 * a reordered or doubled one does no harm, and reading a frame shows whether all of it came. A place where
 * nothing was written holds a value that G.711 cannot make.
 *
 * Depth: what is read lies `slack` behind what has just come. It begins at 40 ms and follows three times the jitter
 * (RFC 3550 6.4.1) between 20 and 120 ms, a frame at a time and only where it is quiet, so that nobody hears it.
 * Drift between the peer's clock and ours shows as slack too, and is taken up by the same rule.
 */
import { FRAME_SAMPLES, SAMPLES_PER_MS } from "../audio/g711.ts";
import { loudness } from "../audio/loudness.ts";
import { timestampDistance } from "./rtp-packet.ts";

/** 512 ms; a power of two. */
const RING_SAMPLES = 4_096;
const MASK = RING_SAMPLES - 1;
const HOLE = -0x8000;
const DEPTH_FIRST = 40 * SAMPLES_PER_MS;
const DEPTH_MIN = 20 * SAMPLES_PER_MS;
const DEPTH_MAX = 120 * SAMPLES_PER_MS;
const JITTERS_COVERED = 3;
/** Slack is averaged over this many packets (1 s) before the depth may change. */
const SLACK_PACKETS = 50;
/** Packets in a row that come after their turn: the peer's clock has jumped, begin anew. */
const LATE_IN_A_ROW_MAX = 10;
/** Below this mean magnitude a frame may be doubled or left out unheard (about -50 dBm0). */
const QUIET_BELOW = 100;

export type FrameKind =
  | "good"
  | "missing" /** Some of it did not come in time. */
  | "idle"; /** No stream yet. */

export interface JitterBuffer {
  /** "late": the packet came after its turn and was lost to the listener. `arrivedMs` is monotonic. */
  write(packet: TimedAudio, arrivedMs: number): "kept" | "late";
  /** Silence that the peer announced, instead of samples: comfort noise, or a key being pressed. */
  writeSilence(timestamp: number, samples: number): void;
  /** Fills `frame` (160 samples) with what is due now. "missing": undefined content. */
  read(frame: Int16Array): FrameKind;
  /** A new stream begins with the next packet. */
  restart(): void;
  readonly jitterMs: number;
  /** Depth that the jitter asks for. */
  readonly targetMs: number;
}

type TimedAudio = {
  readonly timestamp: number;
  readonly payload: Uint8Array;
  readonly start: number;
  readonly end: number;
  /** A reordered packet says nothing about jitter. */
  readonly inOrder: boolean;
};

export function createJitterBuffer(decoded: Int16Array): JitterBuffer {
  const ring = new Int16Array(RING_SAMPLES).fill(HOLE);
  /** Timestamp of the next frame to read; null before the first packet. */
  let next: number | null = null;
  /** Frames to read before the first packet's turn comes. */
  let priming = 0;
  let transit: number | null = null;
  let jitter = 0;
  let slackSum = 0;
  let slackCount = 0;
  let lateInARow = 0;
  let change: "deeper" | "shallower" | null = null;

  function begin(timestamp: number): number {
    ring.fill(HOLE);
    priming = DEPTH_FIRST / FRAME_SAMPLES;
    next = (timestamp - DEPTH_FIRST) >>> 0;
    slackSum = 0;
    slackCount = 0;
    lateInARow = 0;
    change = null;
    return next;
  }

  function measureJitter(timestamp: number, arrivedMs: number): void {
    const now = timestampDistance(timestamp, Math.floor(arrivedMs * SAMPLES_PER_MS) >>> 0);
    if (transit !== null) jitter += (Math.abs((now - transit) | 0) - jitter) / 16;
    transit = now;
  }

  function target(): number {
    return Math.max(DEPTH_MIN, Math.min(DEPTH_MAX, JITTERS_COVERED * jitter));
  }

  /** A frame either way is left as it is: the phase between packets and reading is worth that much anyway. */
  function measureSlack(slack: number): void {
    slackSum += slack;
    slackCount += 1;
    if (slackCount < SLACK_PACKETS) return;
    const excess = slackSum / slackCount - target();
    slackSum = 0;
    slackCount = 0;
    if (excess < 0) change = "deeper";
    else change = excess > 2 * FRAME_SAMPLES ? "shallower" : null;
  }

  function store({ payload, start, end, timestamp }: TimedAudio, skip: number): void {
    let at = timestamp + skip;
    for (let i = start + skip; i < end; i += 1) {
      ring[at & MASK] = decoded[payload[i] ?? 0] ?? 0;
      at += 1;
    }
  }

  /** Takes the frame out of the ring; true when all of it was there. */
  function take(from: number, frame: Int16Array): boolean {
    let whole = true;
    for (let i = 0; i < FRAME_SAMPLES; i += 1) {
      const at = (from + i) & MASK;
      const sample = ring[at] ?? HOLE;
      if (sample === HOLE) whole = false;
      frame[i] = sample;
      ring[at] = HOLE;
    }
    return whole;
  }

  /** The quiet frame is heard once more. */
  function putBack(from: number, frame: Int16Array): number {
    for (let i = 0; i < FRAME_SAMPLES; i += 1) ring[(from + i) & MASK] = frame[i] ?? HOLE;
    return from;
  }

  function adapt(frame: Int16Array, whole: boolean, from: number): number {
    if (change === null || (whole && loudness(frame) > QUIET_BELOW)) return (from + FRAME_SAMPLES) >>> 0;
    const deeper = change === "deeper";
    change = null;
    slackSum = 0;
    slackCount = 0;
    if (deeper) return putBack(from, frame);
    // Leave a frame out: whatever it holds must not turn up again one ring later.
    for (let i = 0; i < FRAME_SAMPLES; i += 1) ring[(from + FRAME_SAMPLES + i) & MASK] = HOLE;
    return (from + 2 * FRAME_SAMPLES) >>> 0;
  }

  return {
    write(packet, arrivedMs) {
      const length = packet.end - packet.start;
      let due = next ?? begin(packet.timestamp);
      if (packet.inOrder) measureJitter(packet.timestamp, arrivedMs);
      const ahead = timestampDistance(due, packet.timestamp);
      if (ahead + length > RING_SAMPLES) due = begin(packet.timestamp);
      const slack = timestampDistance(due, packet.timestamp);
      measureSlack(slack);
      if (slack + length <= 0) {
        lateInARow += 1;
        if (lateInARow >= LATE_IN_A_ROW_MAX) begin(packet.timestamp);
        return "late";
      }
      lateInARow = 0;
      store(packet, Math.max(0, -slack));
      return "kept";
    },
    writeSilence(timestamp, samples) {
      if (next === null) return;
      const first = Math.max(0, timestampDistance(next, timestamp));
      const last = Math.min(RING_SAMPLES, timestampDistance(next, timestamp) + samples);
      for (let i = first; i < last; i += 1) {
        const at = (next + i) & MASK;
        if (ring[at] === HOLE) ring[at] = 0;
      }
    },
    read(frame) {
      if (next === null) return "idle";
      if (priming > 0) {
        priming -= 1;
        next = (next + FRAME_SAMPLES) >>> 0;
        return "idle";
      }
      const from = next;
      const whole = take(from, frame);
      next = adapt(frame, whole, from);
      return whole ? "good" : "missing";
    },
    restart() {
      next = null;
      transit = null;
      ring.fill(HOLE);
    },
    get jitterMs() {
      return jitter / SAMPLES_PER_MS;
    },
    get targetMs() {
      return target() / SAMPLES_PER_MS;
    },
  };
}
