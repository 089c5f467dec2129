import { afterAll, describe, expect, test } from "vitest";
import { createFliteSpeech, FLITE_VOICES } from "../../../../adapters/speech/flite/flite-speech.ts";
import { TEXT_CHARS_MAX } from "../../../../adapters/speech/flite/spoken-text.ts";
import { SpeechFailedError, SpeechUnsupportedError } from "../../../../domain/ports/speech.ts";
import { breakRun, loudness, piecesOf, samplesOf, textRun } from "./spoken.ts";

const SAMPLES_PER_SECOND = 8_000;
const speech = createFliteSpeech({ voice: "slt" });
afterAll(() => speech.close());

const at = async (volume: number): Promise<Int16Array> =>
  samplesOf(await piecesOf(speech, [textRun("Hello there.", { volume })]));

const lengthOf = async (rate: number): Promise<number> =>
  samplesOf(await piecesOf(speech, [textRun("Press one to confirm.", { rate })])).length;

test.for(FLITE_VOICES)("voice %s speaks a sentence in telephone quality", async (voice) => {
  const samples = samplesOf(await piecesOf(speech, [textRun("Press one to confirm.")], { voice }));
  expect(samples.length / SAMPLES_PER_SECOND).toBeGreaterThan(1);
  expect(samples.length / SAMPLES_PER_SECOND).toBeLessThan(3);
  expect(loudness(samples)).toBeGreaterThan(500);
});

test("the same text gives the same samples", async () => {
  const runs = [textRun("Hello again.")];
  expect(samplesOf(await piecesOf(speech, runs))).toEqual(samplesOf(await piecesOf(speech, runs)));
});

test("clips lie in shared memory", async () => {
  const [piece] = await piecesOf(speech, [textRun("One.")]);
  expect(piece?.kind === "clip" && piece.clip.samples.buffer instanceof SharedArrayBuffer).toBe(true);
});

test("a break is silence, exact to the sample, and marks stand where they were put", async () => {
  const pieces = await piecesOf(speech, [
    textRun("One."),
    { kind: "mark", name: "first" },
    breakRun(250),
    { kind: "mark", name: "second" },
  ]);
  expect(pieces.map((piece) => (piece.kind === "mark" ? piece.name : piece.kind))).toEqual([
    "clip",
    "first",
    "clip",
    "second",
  ]);
  const silence = samplesOf(pieces.slice(2, 3));
  expect([silence.length, loudness(silence)]).toEqual([2_000, 0]);
});

test("a prompt of several sentences comes sentence by sentence", async () => {
  const pieces = await piecesOf(speech, [textRun("First. Second one. And the third?")]);
  expect(pieces).toHaveLength(3);
});

describe("prosody", () => {
  test("rate changes the length, and is held between a third and three", async () => {
    const [slow, own, fast, absurd] = [
      await lengthOf(0.5),
      await lengthOf(1),
      await lengthOf(2),
      await lengthOf(1e9),
    ];
    expect(slow / own).toBeGreaterThan(1.7);
    expect(fast / own).toBeLessThan(0.65);
    expect(absurd).toBe(await lengthOf(3));
  });

  test("pitch changes the sound, not the length by much", async () => {
    const own = samplesOf(await piecesOf(speech, [textRun("Hello there.")]));
    const high = samplesOf(await piecesOf(speech, [textRun("Hello there.", { pitch: 1.4 })]));
    expect(high).not.toEqual(own);
    expect(Math.abs(high.length - own.length)).toBeLessThan(own.length / 4);
  });

  test("volume is a gain: half as loud, silent, or loud without wrapping round", async () => {
    const own = loudness(await at(1));
    expect(loudness(await at(0.5)) / own).toBeCloseTo(0.5, 1);
    expect(loudness(await at(0))).toBe(0);
    const loud = await at(100);
    expect(loudness(loud)).toBeGreaterThan(own);
    expect(loud).toEqual(await at(4));
  });
});

describe("never silence by mistake", () => {
  test("another language is refused", async () => {
    await expect(piecesOf(speech, [textRun("Bonjour")], { lang: "fr-FR" })).rejects.toThrow(
      SpeechUnsupportedError,
    );
  });

  test("English of any country is spoken", async () => {
    expect(await piecesOf(speech, [textRun("Hello.")], { lang: "EN-gb" })).toHaveLength(1);
  });

  test("an unknown voice is refused, also one that is a path, also at the start", async () => {
    for (const voice of ["nobody", "/o/x.flitevox", "awb_time"]) {
      await expect(piecesOf(speech, [textRun("Hi")], { voice })).rejects.toThrow(SpeechUnsupportedError);
      expect(() => createFliteSpeech({ voice })).toThrow(SpeechUnsupportedError);
    }
  });

  test("text in letters that the engine lacks is refused", async () => {
    await expect(piecesOf(speech, [textRun("Здравствуйте")])).rejects.toThrow(SpeechUnsupportedError);
  });

  test("text without anything to say gives no audio and no error", async () => {
    expect(await piecesOf(speech, [textRun(" ... \n !")])).toEqual([]);
  });

  test("more than 4 000 characters are refused", async () => {
    await expect(piecesOf(speech, [textRun("a ".repeat(TEXT_CHARS_MAX / 2 + 1))])).rejects.toThrow(
      SpeechFailedError,
    );
  });

  test("markup, options and control characters are spoken or dropped, never obeyed", async () => {
    for (const text of ["-h", "--setf x=y", "<break time='1h'/> hello", "a\u0000b", "$(reboot) `x`"]) {
      expect(loudness(samplesOf(await piecesOf(speech, [textRun(text)])))).toBeGreaterThan(100);
    }
  });
});

describe("ending early", () => {
  test("an aborted prompt sends nothing further and no error", async () => {
    const stop = new AbortController();
    const heard: string[] = [];
    const request = { runs: [textRun("First one. Second one. Third one.")], lang: "en", voice: null };
    for await (const piece of speech.synthesize(request, stop.signal)) {
      heard.push(piece.kind);
      stop.abort();
    }
    expect(heard).toEqual(["clip"]);
  });

  test("a prompt aborted before its beginning is not spoken", async () => {
    expect(await piecesOf(speech, [textRun("Hello.")], { signal: AbortSignal.abort() })).toEqual([]);
  });

  test("a sentence that takes too long fails, and the next one is spoken by a new thread", async () => {
    const hasty = createFliteSpeech({ voice: "slt", sentenceLimitMs: 3_000 });
    const slowText = `${"mississippi ".repeat(24)}.`;
    const impatient = createFliteSpeech({ voice: "slt", sentenceLimitMs: 1 });
    await expect(piecesOf(impatient, [textRun(slowText, { rate: 0.34 })])).rejects.toThrow(SpeechFailedError);
    await impatient.close();
    expect(await piecesOf(hasty, [textRun("Fine.")])).toHaveLength(1);
    await hasty.close();
  });

  test("after close nothing is spoken", async () => {
    const closing = createFliteSpeech({ voice: "kal" });
    await piecesOf(closing, [textRun("Bye.")]);
    await closing.close();
    await expect(piecesOf(closing, [textRun("Hello?")])).rejects.toThrow(SpeechFailedError);
  });
});
