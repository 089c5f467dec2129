import type { Milliseconds } from "../kernel/time.ts";
import type { AudioClip } from "./telephony.ts";

/** A prompt after SSML was understood: the synthesiser gets plain text with numbers, never markup. */
export type SpeechRun =
  | {
      readonly kind: "text";
      readonly text: string;
      /** Factors; 1 is the voice's own. */
      readonly rate: number;
      readonly pitch: number;
      readonly volume: number;
    }
  | { readonly kind: "break"; readonly lengthMs: Milliseconds }
  | { readonly kind: "mark"; readonly name: string };

export type SpeechPiece =
  | { readonly kind: "clip"; readonly clip: AudioClip }
  /** Reached when everything before it has been played. */
  | { readonly kind: "mark"; readonly name: string };

export type SpeechRequest = {
  readonly runs: readonly SpeechRun[];
  /** BCP 47. */
  readonly lang: string;
  /** Null: the configured voice. */
  readonly voice: string | null;
};

/** Text to speech. Throws `SpeechUnsupportedError` for a language or voice it lacks, never answers silence. */
export interface SpeechSynthesizer {
  readonly languages: readonly string[];
  synthesize(request: SpeechRequest, signal: AbortSignal): AsyncIterable<SpeechPiece>;
  close(): Promise<void>;
}

/** No such language or voice here: `error.unsupported.language`. Trying again can't help. */
export class SpeechUnsupportedError extends Error {
  readonly retryable = false;
  override readonly name = "SpeechUnsupportedError";
}

/** The engine failed or took too long: `error.noresource`. Trying again can help. */
export class SpeechFailedError extends Error {
  readonly retryable = true;
  override readonly name = "SpeechFailedError";
}
