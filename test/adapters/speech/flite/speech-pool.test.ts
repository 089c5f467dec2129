import { expect, test } from "vitest";
import {
  createSpeechPool,
  type SpeechPool,
  WAITING_MAX,
} from "../../../../adapters/speech/flite/speech-pool.ts";
import { SpeechFailedError } from "../../../../domain/ports/speech.ts";

const order = (text: string, stretch = 1) => ({ voice: "kal", text, stretch, pitch: 1, gain: 1 });
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
  withPool(400, async (pool) => {
    // Thirty seconds of speech at a third of the speed take longer than this pool allows.
    const slow = { ...order("mississippi ".repeat(300), 3), voice: "awb" };
    const late = expect(pool.speak(slow, never)).rejects.toThrow(/took more than 400 ms/);
    const next = pool.speak(order("Hello."), never);
    await late;
    expect((await next).length).toBeGreaterThan(1_000);
  }));

test("at most 1 000 sentences wait", () =>
  withPool(10_000, async (pool) => {
    const stop = new AbortController();
    await pool.speak(order("Ready."), never);
    const waiting = Array.from({ length: WAITING_MAX + 2 }, () => pool.speak(order("Hello."), stop.signal));
    const settled = Promise.allSettled(waiting);
    stop.abort(new Error("hung up"));
    const why = (await settled).flatMap((each) => (each.status === "rejected" ? [each.reason] : []));
    expect(why.some((error) => error instanceof SpeechFailedError)).toBe(true);
    expect(why.length).toBeGreaterThanOrEqual(WAITING_MAX);
  }));

test("sentences that nobody wants any more are skipped", () =>
  withPool(10_000, async (pool) => {
    const stop = new AbortController();
    const first = pool.speak(order("Hello."), never);
    const unwanted = expect(pool.speak(order("Nobody listens."), stop.signal)).rejects.toThrow("hung up");
    stop.abort(new Error("hung up"));
    await unwanted;
    expect((await first).length).toBeGreaterThan(1_000);
  }));

test("closing fails what is under way", async () => {
  const pool = createSpeechPool({ workers: 1, sentenceLimitMs: 10_000 });
  await pool.speak(order("Ready."), never);
  const cut = expect(pool.speak(order("mississippi ".repeat(100), 3), never)).rejects.toThrow(
    SpeechFailedError,
  );
  await pool.close();
  await cut;
});
