import { milliseconds } from "../../../../domain/kernel/time.ts";
import type { SpeechPiece, SpeechRun, SpeechSynthesizer } from "../../../../domain/ports/speech.ts";

export function textRun(
  text: string,
  prosody: { rate?: number; pitch?: number; volume?: number } = {},
): SpeechRun {
  return { kind: "text", text, rate: 1, pitch: 1, volume: 1, ...prosody };
}

export function breakRun(lengthMs: number): SpeechRun {
  return { kind: "break", lengthMs: milliseconds(lengthMs) };
}

export async function piecesOf(
  speech: SpeechSynthesizer,
  runs: readonly SpeechRun[],
  options: { readonly lang?: string; readonly voice?: string | null; readonly signal?: AbortSignal } = {},
): Promise<readonly SpeechPiece[]> {
  const request = { runs, lang: options.lang ?? "en-US", voice: options.voice ?? null };
  const found: SpeechPiece[] = [];
  for await (const piece of speech.synthesize(request, options.signal ?? new AbortController().signal)) {
    found.push(piece);
  }
  return found;
}

/** All samples of all clips. */
export function samplesOf(pieces: readonly SpeechPiece[]): Int16Array {
  const clips = pieces.flatMap((piece) => (piece.kind === "clip" ? [piece.clip.samples] : []));
  const whole = new Int16Array(clips.reduce((total, clip) => total + clip.length, 0));
  let at = 0;
  for (const clip of clips) {
    whole.set(clip, at);
    at += clip.length;
  }
  return whole;
}

export function loudness(samples: Int16Array): number {
  return Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / Math.max(1, samples.length));
}
