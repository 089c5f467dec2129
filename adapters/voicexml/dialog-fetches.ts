/** The fetches of one dialog: its cookies, its audio and its recordings, which all end with it. */
import { milliseconds } from "../../domain/kernel/time.ts";
import type { Clock } from "../../domain/ports/clock.ts";
import type { DialogOrder } from "../../domain/ports/dialog-runner.ts";
import type { Fetcher, FetchResult } from "../../domain/ports/fetcher.ts";
import type { AudioClip } from "../../domain/ports/telephony.ts";
import { parseAudio } from "./audio-clip.ts";
import { createCookieJar } from "./cookie-jar.ts";
import type { Effect, FetchAnswer, FetchBody, RecordAnswer } from "./dialog/effects.ts";
import { RECORDING_SCHEME } from "./dialog/queue-prompt.ts";
import type { CallerRecording } from "./record-caller.ts";
import { withRecordings } from "./recording-body.ts";
import { writeWave } from "./write-wave.ts";

type FetchEffect = Extract<Effect, { type: "fetch" }>;

/** The fetcher keeps its own time; this is for one that loses track. */
const WATCHDOG_SLACK_MS = 2_000;

export type DialogFetches = {
  fetch(effect: FetchEffect): Promise<FetchAnswer>;
  keepRecording(recording: CallerRecording): RecordAnswer;
  readonly clips: ReadonlyMap<string, AudioClip>;
};

export function createDialogFetches(
  stage: {
    readonly fetcher: Fetcher;
    readonly clock: Clock;
    readonly order: DialogOrder;
    readonly userAgent: string;
  },
  signal: AbortSignal,
): DialogFetches {
  const jar = createCookieJar();
  const clips = new Map<string, AudioClip>();
  const recordings = new Map<string, Uint8Array>();

  const ask = async (effect: FetchEffect, body: FetchBody | null): Promise<FetchResult> => {
    const cookies = jar.headerFor(effect.url);
    const timedOut = Promise.withResolvers<FetchResult>();
    const cancel = stage.clock.schedule(milliseconds(effect.timeoutMs + WATCHDOG_SLACK_MS), () =>
      timedOut.resolve({ ok: false, failure: "timeout", detail: "the fetcher gave no answer in time" }),
    );
    const asked = stage.fetcher.fetch(
      {
        purpose: effect.kind,
        url: effect.url,
        method: effect.method,
        body,
        headers: { "user-agent": stage.userAgent, ...(cookies === null ? {} : { cookie: cookies }) },
        sender: stage.order.sender,
        timeoutMs: milliseconds(effect.timeoutMs),
        freshness: { maxAgeSeconds: effect.maxAge, maxStaleSeconds: effect.maxStale },
      },
      signal,
    );
    const answer = await Promise.race([asked, timedOut.promise]);
    cancel();
    return answer;
  };

  return {
    clips,
    async fetch(effect) {
      if (effect.kind === "audio" && clips.has(effect.url)) return fetchedAudio(effect.url);
      const answer = await ask(effect, withRecordings(effect.body, recordings));
      if (!answer.ok) return { ok: false, failure: answer.failure };
      jar.store(answer.url, answer.setCookies);
      if (effect.kind === "audio" && answer.status >= 200 && answer.status < 300) {
        const clip = parseAudio(answer.bytes, answer.contentType);
        if (clip === null) return { ok: false, failure: "unsupported" };
        clips.set(effect.url, clip);
        return fetchedAudio(effect.url);
      }
      const { url, status, contentType, charset, bytes } = answer;
      return { ok: true, url, status, contentType, charset, bytes };
    },
    keepRecording(recording) {
      const wave = writeWave(recording.samples);
      const name = `${RECORDING_SCHEME}${recordings.size + 1}`;
      if (recording.spoke) {
        recordings.set(name, wave);
        clips.set(name, { samples: recording.samples });
      }
      return {
        recording: recording.spoke ? name : null,
        durationMs: recording.samples.length / 8,
        sizeBytes: wave.byteLength,
        termchar: recording.termchar,
        maxtime: recording.maxtime,
        hangup: recording.hangup,
      };
    },
  };
}

function fetchedAudio(url: string): FetchAnswer {
  return { ok: true, url, status: 200, contentType: null, charset: null, bytes: new Uint8Array() };
}
