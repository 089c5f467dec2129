/**
 * Plays pieces while later ones are still being made: what is ready goes out in one run without gaps, and the
 * first sentence is heard while the second is synthesised.
 */
import { milliseconds } from "../../domain/kernel/time.ts";
import type { Clock } from "../../domain/ports/clock.ts";
import { SpeechUnsupportedError } from "../../domain/ports/speech.ts";
import type { AudioClip, CallLeg, PlayEnd, Playing } from "../../domain/ports/telephony.ts";
import type { PromptPiece, SpeechFailure } from "./dialog/effects.ts";
import type { PromptCache } from "./prompt-cache.ts";

/** A play whose end was not reported this long after it was due is taken for ended. */
const PLAY_SLACK_MS = 5_000;
const SAMPLES_PER_MS = 8;

type Played = {
  readonly bargedIn: boolean;
  readonly markName: string | null;
  readonly markMs: number;
  /** Set where the engine failed before all was said, and nobody had stopped it. */
  readonly failure?: SpeechFailure;
};

export type PromptPlayer = {
  play(pieces: readonly PromptPiece[], bargein: boolean): Promise<Played>;
  /** A key went down: what is played with barge-in ends at once. */
  digit(): void;
  stop(): void;
  onFirstSound(action: () => void): void;
};

type Run = { readonly bargein: boolean; stopped: boolean; bargedIn: boolean; playing: Playing | null };

export function createPromptPlayer(options: {
  readonly leg: CallLeg;
  readonly clock: Clock;
  readonly prompts: PromptCache;
  /** Fetched audio and recordings by name. */
  readonly clips: ReadonlyMap<string, AudioClip>;
}): PromptPlayer {
  const { leg, clock, prompts, clips } = options;
  let run: Run | null = null;
  let firstSound: (() => void) | null = null;

  const send = async (current: Run, batch: readonly AudioClip[]): Promise<number> => {
    firstSound?.();
    firstSound = null;
    const playing = leg.play(batch, { stopOnDigit: current.bargein });
    current.playing = playing;
    const end = await endOrWatchdog(playing, lengthMs(batch), clock);
    current.playing = null;
    if (end.why === "digit") current.bargedIn = true;
    if (end.why !== "finished") current.stopped = true;
    return end.playedMs;
  };

  return {
    onFirstSound: (action) => {
      firstSound = action;
    },
    async play(pieces, bargein) {
      const current: Run = { bargein, stopped: false, bargedIn: false, playing: null };
      run = current;
      const feed = createFeed();
      void fill(feed, pieces, prompts, clips, () => current.stopped);
      let playedMs = 0;
      while (!current.stopped) {
        const batch = await feed.take();
        if (batch === null || current.stopped) break;
        playedMs += await send(current, batch);
      }
      const mark = feed.lastMark(playedMs);
      const failure = current.stopped ? null : feed.failure();
      return {
        bargedIn: current.bargedIn,
        markName: mark?.name ?? null,
        markMs: mark === null ? 0 : playedMs - mark.atMs,
        ...(failure === null ? {} : { failure }),
      };
    },
    digit() {
      if (run === null || !run.bargein) return;
      run.bargedIn = true;
      run.stopped = true;
      run.playing?.stop();
    },
    stop() {
      if (run === null) return;
      run.stopped = true;
      run.playing?.stop();
    },
  };
}

function lengthMs(clips: readonly AudioClip[]): number {
  return clips.reduce((sum, clip) => sum + clip.samples.length, 0) / SAMPLES_PER_MS;
}

async function endOrWatchdog(playing: Playing, dueMs: number, clock: Clock): Promise<PlayEnd> {
  const watchdog = Promise.withResolvers<PlayEnd>();
  const cancel = clock.schedule(milliseconds(dueMs + PLAY_SLACK_MS), () => {
    playing.stop();
    watchdog.resolve({ why: "finished", playedMs: milliseconds(dueMs) });
  });
  const end = await Promise.race([playing.ended, watchdog.promise]);
  cancel();
  return end;
}

type Mark = { readonly name: string; readonly atMs: number };

/** Clips between the one who makes them and the one who plays them. */
function createFeed() {
  let ready: AudioClip[] = [];
  let over = false;
  let addedMs = 0;
  const marks: Mark[] = [];
  let failed: SpeechFailure | null = null;
  let wake = Promise.withResolvers<void>();
  return {
    add(clip: AudioClip): void {
      if (clip.samples.length === 0) return;
      ready.push(clip);
      addedMs += clip.samples.length / SAMPLES_PER_MS;
      wake.resolve();
    },
    fail(event: SpeechFailure): void {
      failed = event;
    },
    failure: (): SpeechFailure | null => failed,
    mark: (name: string): number => marks.push({ name, atMs: addedMs }),
    end(): void {
      over = true;
      wake.resolve();
    },
    /** All that is ready; null at the end. */
    async take(): Promise<readonly AudioClip[] | null> {
      while (ready.length === 0) {
        if (over) return null;
        await wake.promise;
        wake = Promise.withResolvers<void>();
      }
      const batch = ready;
      ready = [];
      return batch;
    },
    lastMark: (playedMs: number): Mark | null => marks.findLast((mark) => mark.atMs <= playedMs) ?? null,
  };
}

/** A piece that can't be had is silence here: the document was told of fetches that failed when it queued them. */
async function fill(
  feed: ReturnType<typeof createFeed>,
  pieces: readonly PromptPiece[],
  prompts: PromptCache,
  clips: ReadonlyMap<string, AudioClip>,
  stopped: () => boolean,
): Promise<void> {
  try {
    for (const piece of pieces) {
      if (stopped()) break;
      if (piece.kind !== "speech") {
        const clip = clips.get(piece.kind === "audio" ? piece.url : piece.recording);
        if (clip !== undefined) feed.add(clip);
        continue;
      }
      for await (const made of prompts.speak({ runs: piece.runs, lang: piece.lang, voice: piece.voice })) {
        if (made.kind === "clip") feed.add(made.clip);
        else feed.mark(made.name);
        if (stopped()) break;
      }
    }
  } catch (error) {
    // What was made is played; then the document hears of the rest (VoiceXML 2.0 5.2.6).
    feed.fail(error instanceof SpeechUnsupportedError ? "error.unsupported.language" : "error.noresource");
  } finally {
    feed.end();
  }
}
