/** A call leg, a voice, a web and a clock of memory: what the runner needs, without sound or network. */
import { instant, type Milliseconds, milliseconds } from "../../../../domain/kernel/time.ts";
import type { Clock } from "../../../../domain/ports/clock.ts";
import type { Fetcher, FetchRequest, FetchResult } from "../../../../domain/ports/fetcher.ts";
import type { SpeechSynthesizer } from "../../../../domain/ports/speech.ts";
import type { AudioClip, CallLeg, Digit, PlayEnd } from "../../../../domain/ports/telephony.ts";

export type FakeLeg = CallLeg & {
  press(digits: readonly Digit[]): void;
  hangUp(): void;
  frame(samples: Int16Array): void;
  /** Samples of each play, in order. */
  readonly plays: number[];
};

/** Plays take no time, unless `hold` keeps them until a key or a hang-up. */
export function createFakeLeg(options: { readonly hold?: boolean } = {}): FakeLeg {
  const digitListeners = new Set<(digit: Digit, at: Milliseconds) => void>();
  const frameListeners = new Set<(frame: Int16Array, concealed: boolean) => void>();
  const hangupListeners: (() => void)[] = [];
  const plays: number[] = [];
  let current: { readonly stopOnDigit: boolean; readonly end: (end: PlayEnd) => void } | null = null;
  let gone = false;
  const end = (why: PlayEnd["why"]): void => {
    const playing = current;
    current = null;
    playing?.end({ why, playedMs: milliseconds(0) });
  };
  return {
    plays,
    play(clips: readonly AudioClip[], { stopOnDigit }) {
      end("stopped");
      plays.push(clips.reduce((sum, clip) => sum + clip.samples.length, 0));
      const { promise, resolve } = Promise.withResolvers<PlayEnd>();
      current = { stopOnDigit, end: resolve };
      if (gone) end("hangup");
      else if (options.hold !== true) end("finished");
      return { ended: promise, stop: () => end("stopped") };
    },
    onDigit(listener) {
      digitListeners.add(listener);
      return () => digitListeners.delete(listener);
    },
    onFrame(listener) {
      frameListeners.add(listener);
      return () => frameListeners.delete(listener);
    },
    onHangup(listener) {
      if (gone) listener();
      else hangupListeners.push(listener);
    },
    sendDigits: () => Promise.resolve(),
    press(digits) {
      for (const digit of digits) {
        if (current?.stopOnDigit === true) end("digit");
        for (const listener of digitListeners) listener(digit, milliseconds(0));
      }
    },
    frame(samples) {
      for (const listener of frameListeners) listener(samples, false);
    },
    hangUp() {
      gone = true;
      end("hangup");
      for (const listener of hangupListeners.splice(0)) listener();
    },
  };
}

export const fakeSpeech: SpeechSynthesizer = {
  languages: ["en-US"],
  async *synthesize(request) {
    for (const run of request.runs) {
      if (run.kind === "mark") yield { kind: "mark", name: run.name };
      else
        yield {
          kind: "clip",
          clip: { samples: new Int16Array(run.kind === "text" ? run.text.length * 8 : 8) },
        };
    }
  },
  close: () => Promise.resolve(),
};

export type Page = {
  readonly status?: number;
  readonly body: string;
  readonly type?: string;
  readonly cookies?: readonly string[];
};

export function createFakeWeb(
  pages: Readonly<Record<string, Page>>,
): Fetcher & { readonly requests: FetchRequest[] } {
  const requests: FetchRequest[] = [];
  return {
    requests,
    fetch(request): Promise<FetchResult> {
      requests.push(request);
      const page = pages[request.url.split("?")[0] ?? ""];
      if (page === undefined) return Promise.resolve(answer(request.url, { status: 404, body: "" }));
      return Promise.resolve(answer(request.url, page));
    },
    close: () => Promise.resolve(),
  };
}

function answer(url: string, page: Page): FetchResult {
  return {
    ok: true,
    url,
    status: page.status ?? 200,
    contentType: page.type ?? null,
    charset: null,
    headers: {},
    setCookies: page.cookies ?? [],
    bytes: new TextEncoder().encode(page.body),
  };
}

/** Real time, and timers that a test can also fire at once. */
export function createTestClock(): Clock & { fireAll(): void; readonly pending: () => number } {
  const timers = new Map<NodeJS.Timeout, () => void>();
  return {
    now: () => instant(Date.now()),
    monotonic: () => milliseconds(Math.round(performance.now())),
    schedule(delay, action) {
      const timer = setTimeout(() => {
        timers.delete(timer);
        action();
      }, delay);
      timers.set(timer, action);
      return () => {
        clearTimeout(timer);
        timers.delete(timer);
      };
    },
    fireAll() {
      for (const [timer, action] of Array.from(timers)) {
        clearTimeout(timer);
        timers.delete(timer);
        action();
      }
    },
    pending: () => timers.size,
  };
}
