import type { MediaQuality } from "../../../domain/ports/telephony.ts";

/**
 * The figures of one call, in memory that both threads see: the media thread writes them every 20 ms, and whoever asks
 * for the quality reads them without a message, even after the call. Each is one 64-bit word, so none is torn.
 */
export type SessionStats = MediaQuality & {
  /** 0: not known. */
  readonly roundTripMs: number;
};

const WORDS = 5;

export function newSessionStats(): Float64Array {
  return new Float64Array(new SharedArrayBuffer(WORDS * Float64Array.BYTES_PER_ELEMENT));
}

export function writeSessionStats(words: Float64Array, stats: SessionStats): void {
  words[0] = stats.received;
  words[1] = stats.concealed;
  words[2] = stats.sent;
  words[3] = stats.jitterMs;
  words[4] = stats.roundTripMs;
}

export function readSessionStats(words: Float64Array): SessionStats {
  return {
    received: words[0] ?? 0,
    concealed: words[1] ?? 0,
    sent: words[2] ?? 0,
    jitterMs: words[3] ?? 0,
    roundTripMs: words[4] ?? 0,
  };
}
