import { expect, test } from "vitest";
import {
  createSpeechPool,
  type SpeechPool,
  WAITING_MAX,
} from "../../../../adapters/speech/flite/speech-pool.ts";
import { SpeechFailedError } from "../../../../domain/ports/speech.ts";

const order = (text: string) => ({ voice: "kal", text, stretch: 1, pitch: 1, gain: 1 });
const never = new AbortController().signal;

async function withPool(sentenceLimitMs: number, body: (pool: SpeechPool) => Promise<void>): Promise<void> {
  const pool = createSpeechPool({ workers: 1, sentenceLimitMs });
  try {
    await body(pool);
  } finally {
    await pool.close();
  }
}

test("a thread that was ended for being late is replaced, and those who waited are served", () =>
  withPool(1_000, async (pool) => {
    // Some two minutes of speech: seconds of work.
    const slow = { ...order("mississippi ".repeat(200)), voice: "awb" };
    const both = await Promise.allSettled([pool.speak(slow, never), pool.speak(order("Hello."), never)]);
    expect(both.map((each) => each.status)).toEqual(["rejected", "fulfilled"]);
  }));

test("at most 1 000 sentences wait", () =>
  withPool(10_000, async (pool) => {
    const stop = new AbortController();
    await pool.speak(order("Ready."), never);
    const waiting = Array.from({ length: WAITING_MAX + 2 }, () => pool.speak(order("Hello."), stop.signal));
    const settled = Promise.allSettled(waiting);
    await Promise.race(waiting.map((each) => each.catch(() => null)));
    stop.abort(new Error("hung up"));
    const why = (await settled).flatMap((each) => (each.status === "rejected" ? [each.reason] : []));
    expect(why.some((error) => error instanceof SpeechFailedError)).toBe(true);
    expect(why.length).toBeGreaterThanOrEqual(WAITING_MAX);
  }));

test("sentences that nobody wants any more are skipped", () =>
  withPool(10_000, async (pool) => {
    const stop = new AbortController();
    const first = pool.speak(order("Hello."), never);
    const unwanted = pool.speak(order("Nobody listens."), stop.signal);
    stop.abort(new Error("hung up"));
    const both = await Promise.allSettled([first, unwanted]);
    expect(both.map((each) => each.status)).toEqual(["fulfilled", "rejected"]);
  }));

test("closing fails what is under way", async () => {
  const pool = createSpeechPool({ workers: 1, sentenceLimitMs: 10_000 });
  await pool.speak(order("Ready."), never);
  const cut = Promise.allSettled([pool.speak(order("mississippi ".repeat(100)), never)]);
  await pool.close();
  expect(await cut).toMatchObject([{ status: "rejected", reason: { name: "SpeechFailedError" } }]);
});
