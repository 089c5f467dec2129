import { expect, test } from "vitest";
import { createPromptCache } from "../../../../adapters/voicexml/prompt-cache.ts";
import type { SpeechRequest, SpeechSynthesizer } from "../../../../domain/ports/speech.ts";

function request(text: string): SpeechRequest {
  return { runs: [{ kind: "text", text, rate: 1, pitch: 1, volume: 1 }], lang: "en-US", voice: null };
}

function countingSpeech(
  samples: number,
  failing = false,
): SpeechSynthesizer & { readonly made: () => number } {
  let made = 0;
  return {
    languages: ["en-US"],
    made: () => made,
    async *synthesize() {
      made += 1;
      await Promise.resolve();
      yield { kind: "clip", clip: { samples: new Int16Array(samples) } };
      if (failing) throw new Error("the engine broke");
    },
    close: () => Promise.resolve(),
  };
}

async function hear(cache: ReturnType<typeof createPromptCache>, text: string): Promise<number> {
  let pieces = 0;
  for await (const piece of cache.speak(request(text))) pieces += piece.kind === "clip" ? 1 : 0;
  return pieces;
}

test("callers who want the same words at once share one synthesis, and so do later ones", async () => {
  const speech = countingSpeech(10);
  const cache = createPromptCache(speech);
  expect(await Promise.all([hear(cache, "hello"), hear(cache, "hello")])).toEqual([1, 1]);
  await hear(cache, "hello");
  expect(speech.made()).toBe(1);
  await hear(cache, "goodbye");
  expect(speech.made()).toBe(2);
});

test("the cache keeps to its bytes: what was used longest ago goes first", async () => {
  const speech = countingSpeech(100);
  const cache = createPromptCache(speech, 500);
  await hear(cache, "a");
  await hear(cache, "b");
  await hear(cache, "a");
  await hear(cache, "c");
  expect(cache.bytes()).toBe(400);
  await hear(cache, "a");
  expect(speech.made()).toBe(3);
  await hear(cache, "b");
  expect(speech.made()).toBe(4);
});

test("a synthesis that failed is told to its listener and is not kept", async () => {
  const speech = countingSpeech(100, true);
  const cache = createPromptCache(speech);
  await expect(hear(cache, "a")).rejects.toThrow("the engine broke");
  expect(cache.bytes()).toBe(0);
  await expect(hear(cache, "a")).rejects.toThrow("the engine broke");
  expect(speech.made()).toBe(2);
});

test("prompts are prepared one after the other, and those that are there are left alone", async () => {
  const speech = countingSpeech(80);
  const cache = createPromptCache(speech);
  await hear(cache, "a");
  await cache.prepare([request("a"), request("b"), request("b")], new AbortController().signal);
  expect(speech.made()).toBe(2);
  expect(await hear(cache, "b")).toBe(1);
  expect(speech.made()).toBe(2);
});

test("a call that is over prepares nothing more", async () => {
  const speech = countingSpeech(80);
  await createPromptCache(speech).prepare([request("a")], AbortSignal.abort());
  expect(speech.made()).toBe(0);
});

test("a prompt that can't be made does not stop the preparation of the next", async () => {
  const speech = countingSpeech(80, true);
  await createPromptCache(speech).prepare([request("a"), request("b")], new AbortController().signal);
  expect(speech.made()).toBe(2);
});
