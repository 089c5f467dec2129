/** Text to speech without a server: the flite engine as WebAssembly, in threads of our own. English only. */
import {
  SpeechFailedError,
  type SpeechPiece,
  type SpeechRequest,
  type SpeechRun,
  type SpeechSynthesizer,
  SpeechUnsupportedError,
} from "../../../domain/ports/speech.ts";
import { createSpeechPool, SENTENCE_LIMIT_MS, type SpeechPool } from "./speech-pool.ts";
import { isUnspeakable, sentences, TEXT_CHARS_MAX } from "./spoken-text.ts";

/** `kal` is the fastest and the roughest; `rms` can't be raised or lowered. */
export const FLITE_VOICES = ["slt", "rms", "awb", "kal", "kal16"] as const;
type FliteVoice = (typeof FLITE_VOICES)[number];

export type FliteOptions = {
  readonly voice: string;
  /** Threads; a sentence of 10 s takes about 0.2 s of one. Default 1. */
  readonly workers?: number;
  /** After which a sentence is given up and its thread replaced. Default 10 s. */
  readonly sentenceLimitMs?: number;
};

const SAMPLES_PER_MS = 8;
const BREAK_MS_MAX = 60_000;
const RATE_MIN = 1 / 3;
const RATE_MAX = 3;
const PITCH_MIN = 0.5;
const PITCH_MAX = 2;
const GAIN_MAX = 4;

/** Throws SpeechUnsupportedError when the configured voice is none of FLITE_VOICES. */
export function createFliteSpeech(options: FliteOptions): SpeechSynthesizer {
  const voice = requireVoice(options.voice);
  const pool = createSpeechPool({
    workers: options.workers ?? 1,
    sentenceLimitMs: options.sentenceLimitMs ?? SENTENCE_LIMIT_MS,
  });
  warmUp(pool, voice);
  return {
    languages: ["en", "en-US"],
    synthesize: (request, signal) => speak(pool, checked(request, voice), signal),
    close: () => pool.close(),
  };
}

/** Loads and compiles before the first call: its first prompt would else come a tenth of a second late. */
function warmUp(pool: SpeechPool, voice: FliteVoice): void {
  const ready = { voice, text: "Ready.", stretch: 1, pitch: 1, gain: 1 };
  // What is wrong now will be wrong at the first prompt, and is reported there.
  pool.speak(ready, new AbortController().signal).catch(() => undefined);
}

type Prompt = { readonly runs: readonly SpeechRun[]; readonly voice: FliteVoice };

function checked(request: SpeechRequest, standard: FliteVoice): Prompt {
  if (!/^en(?:-|$)/i.test(request.lang) && request.lang !== "") {
    throw new SpeechUnsupportedError(
      `speech: language "${request.lang}" was asked for; flite speaks English only`,
    );
  }
  const length = request.runs.reduce((total, run) => total + (run.kind === "text" ? run.text.length : 0), 0);
  if (length > TEXT_CHARS_MAX) {
    throw new SpeechFailedError(`speech: a prompt of ${length} characters; the most is ${TEXT_CHARS_MAX}`);
  }
  return { runs: request.runs, voice: request.voice === null ? standard : requireVoice(request.voice) };
}

function requireVoice(name: string): FliteVoice {
  const found = FLITE_VOICES.find((voice) => voice === name);
  if (found !== undefined) return found;
  throw new SpeechUnsupportedError(`speech: no such voice; flite has ${FLITE_VOICES.join(", ")}`);
}

/** Sentence by sentence, so that the first can be heard while the next is made. Ends early, quietly, when aborted. */
async function* speak(
  pool: SpeechPool,
  { runs, voice }: Prompt,
  signal: AbortSignal,
): AsyncGenerator<SpeechPiece> {
  for (const run of runs) {
    if (signal.aborted) return;
    if (run.kind === "mark") yield run;
    else if (run.kind === "break") yield silence(run.lengthMs);
    else yield* speakText(pool, run, voice, signal);
  }
}

async function* speakText(
  pool: SpeechPool,
  run: Extract<SpeechRun, { kind: "text" }>,
  voice: FliteVoice,
  signal: AbortSignal,
): AsyncGenerator<SpeechPiece> {
  if (isUnspeakable(run.text)) {
    throw new SpeechUnsupportedError("speech: the text is in letters that flite can't speak");
  }
  for (const text of sentences(run.text)) {
    const samples = await spoken(pool, { voice, text, ...prosody(run) }, signal);
    if (samples === null) return;
    if (samples.length === 0)
      throw new SpeechFailedError("speech: flite made no sound of a text that has some");
    yield { kind: "clip", clip: { samples } };
  }
}

/** Null when nobody wants to hear it any more. */
async function spoken(
  pool: SpeechPool,
  order: Parameters<SpeechPool["speak"]>[0],
  signal: AbortSignal,
): Promise<Int16Array | null> {
  try {
    const samples = await pool.speak(order, signal);
    return signal.aborted ? null : samples;
  } catch (error) {
    if (signal.aborted) return null;
    throw error;
  }
}

function prosody({
  rate,
  pitch,
  volume,
}: {
  readonly rate: number;
  readonly pitch: number;
  readonly volume: number;
}) {
  return {
    stretch: 1 / within(rate, RATE_MIN, RATE_MAX),
    pitch: within(pitch, PITCH_MIN, PITCH_MAX),
    gain: within(volume, 0, GAIN_MAX),
  };
}

/** NaN counts as the voice's own. */
function within(factor: number, least: number, most: number): number {
  return Number.isNaN(factor) ? 1 : Math.min(most, Math.max(least, factor));
}

function silence(lengthMs: number): SpeechPiece {
  const length = Math.round(within(lengthMs, 0, BREAK_MS_MAX) * SAMPLES_PER_MS);
  return { kind: "clip", clip: { samples: new Int16Array(new SharedArrayBuffer(length * 2)) } };
}
