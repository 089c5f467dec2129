/** Synthesised prompts, kept by text and voice, least recently used out first; equal requests at once share one synthesis. */
import type { SpeechPiece, SpeechRequest, SpeechSynthesizer } from "../../domain/ports/speech.ts";
import { type SharedStream, shareStream } from "./shared-stream.ts";

/** About 70 minutes of 16-bit speech at 8 kHz. */
const PROMPT_CACHE_BYTES_MAX = 64 * 1024 * 1024;

/** No prompt takes longer to make than this; an engine that does is stuck. */
const SYNTHESIS_MS_MAX = 15_000;

type Entry = { readonly stream: SharedStream<SpeechPiece>; bytes: number };

export type PromptCache = {
  speak(request: SpeechRequest): AsyncIterable<SpeechPiece>;
  /** Makes those that are not there, one after the other, so that a prompt that is wanted now waits for one at most. */
  prepare(requests: readonly SpeechRequest[], signal: AbortSignal): Promise<void>;
  bytes(): number;
};

export function createPromptCache(speech: SpeechSynthesizer, bytesMax = PROMPT_CACHE_BYTES_MAX): PromptCache {
  const entries = new Map<string, Entry>();
  let total = 0;
  const drop = (key: string, entry: Entry): void => {
    if (entries.get(key) !== entry) return;
    entries.delete(key);
    total -= entry.bytes;
  };
  const make = (key: string, request: SpeechRequest): Entry => {
    const source = speech.synthesize(request, AbortSignal.timeout(SYNTHESIS_MS_MAX));
    const entry: Entry = {
      bytes: 0,
      stream: shareStream(
        measured(
          source,
          (bytes) => grow(entry, bytes),
          () => drop(key, entry),
        ),
      ),
    };
    entries.set(key, entry);
    return entry;
  };
  const grow = (entry: Entry, bytes: number): void => {
    entry.bytes += bytes;
    total += bytes;
    for (const [key, oldest] of entries) {
      if (total <= bytesMax) return;
      drop(key, oldest);
    }
  };
  return {
    async prepare(requests, signal) {
      for (const request of requests) {
        if (signal.aborted) return;
        const key = JSON.stringify(request);
        if (!entries.has(key)) await make(key, request).stream.ended;
      }
    },
    bytes: () => total,
    speak(request) {
      const key = JSON.stringify(request);
      const found = entries.get(key);
      if (found === undefined) return make(key, request).stream.read();
      entries.delete(key);
      entries.set(key, found);
      return found.stream.read();
    },
  };
}

/** A failed synthesis is forgotten, so that the next caller may have better luck. */
async function* measured(
  source: AsyncIterable<SpeechPiece>,
  onBytes: (bytes: number) => void,
  onFailure: () => void,
): AsyncIterable<SpeechPiece> {
  try {
    for await (const piece of source) {
      if (piece.kind === "clip") onBytes(piece.clip.samples.byteLength);
      yield piece;
    }
  } catch (error) {
    onFailure();
    throw error;
  }
}
