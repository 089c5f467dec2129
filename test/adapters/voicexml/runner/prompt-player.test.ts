import { expect, test } from "vitest";
import type { PromptPiece } from "../../../../adapters/voicexml/dialog/effects.ts";
import { createPromptCache } from "../../../../adapters/voicexml/prompt-cache.ts";
import { createPromptPlayer } from "../../../../adapters/voicexml/prompt-player.ts";
import { createFakeLeg, createTestClock, fakeSpeech } from "./fake-call.ts";

const HELLO: PromptPiece = {
  kind: "speech",
  runs: [
    { kind: "mark", name: "start" },
    { kind: "text", text: "hello", rate: 1, pitch: 1, volume: 1 },
  ],
  lang: "en-US",
  voice: null,
};

function setUp(hold: boolean) {
  const leg = createFakeLeg({ hold });
  const clock = createTestClock();
  const player = createPromptPlayer({ leg, clock, prompts: createPromptCache(fakeSpeech), clips: new Map() });
  return { leg, clock, player };
}

test("speech is played, and the last mark that was reached is told", async () => {
  const { leg, player } = setUp(false);
  expect(await player.play([HELLO], true)).toMatchObject({ bargedIn: false, markName: "start" });
  expect(leg.plays.reduce((sum, samples) => sum + samples, 0)).toBe(40);
});

test("a key stops a prompt that may be interrupted", async () => {
  const { player } = setUp(true);
  let heard = false;
  player.onFirstSound(() => {
    heard = true;
    player.digit();
  });
  expect(await player.play([HELLO], true)).toMatchObject({ bargedIn: true });
  expect(heard).toBe(true);
});

test("a key does not stop a prompt that must be heard", async () => {
  const { player } = setUp(false);
  player.onFirstSound(() => player.digit());
  expect(await player.play([HELLO], false)).toMatchObject({ bargedIn: false });
});

test("a play whose end is never reported is taken for ended, so that no call hangs on it", async () => {
  const { player, clock, leg } = setUp(true);
  const { promise, resolve } = Promise.withResolvers<void>();
  player.onFirstSound(resolve);
  const playing = player.play([HELLO], true);
  await promise;
  // The leg holds the play for ever; only the watchdog can end it.
  while (clock.pending() === 0) await Promise.resolve();
  clock.fireAll();
  expect(await playing).toMatchObject({ bargedIn: false });
  expect(leg.plays).toHaveLength(1);
});

test("audio that is not there any more is passed over", async () => {
  const { leg, player } = setUp(false);
  await player.play([{ kind: "audio", url: "https://example.test/gone.wav" }], true);
  expect(leg.plays).toEqual([]);
});
