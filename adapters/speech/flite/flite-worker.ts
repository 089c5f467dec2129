/** The thread in which flite runs: one sentence in, one clip out. It holds no state between sentences. */
import { parentPort, workerData } from "node:worker_threads";
import { halveRate } from "./half-band.ts";
import type { SentenceAnswer, SentenceOrder } from "./sentence-order.ts";
import { OUTPUT_PATH, runFlite } from "./wasi-shim.ts";
import { parseWav } from "./wav.ts";

const RATE_HZ = 8_000;

const { module }: { readonly module: WebAssembly.Module } = workerData;

parentPort?.on("message", (order: SentenceOrder) => {
  parentPort?.postMessage(answer(order), []);
});

function answer(order: SentenceOrder): SentenceAnswer {
  try {
    return speak(order);
  } catch (error) {
    // The message of a trap names what the program did, never what it spoke.
    return { id: order.id, ok: false, why: error instanceof Error ? error.message : "the engine failed" };
  }
}

function speak({ id, voice, text, stretch, pitch, gain }: SentenceOrder): SentenceAnswer {
  const prosody = ["--setf", `duration_stretch=${stretch}`, "--setf", `f0_shift=${pitch}`];
  const run = runFlite(module, ["flite", "-voice", voice, ...prosody, "-t", text, "-o", OUTPUT_PATH]);
  if (run.exitCode !== 0) return { id, ok: false, why: `the engine ended with code ${run.exitCode}` };
  const wav = parseWav(run.output);
  if (wav === null) return { id, ok: false, why: "the engine wrote no audio" };
  const narrow = toTelephoneRate(wav.samples, wav.rateHz);
  if (narrow === null) return { id, ok: false, why: `the engine wrote audio of ${wav.rateHz} Hz` };
  return { id, ok: true, samples: toShared(narrow, gain) };
}

function toTelephoneRate(samples: Int16Array, rateHz: number): ArrayLike<number> | null {
  if (rateHz === RATE_HZ) return samples;
  return rateHz === 2 * RATE_HZ ? halveRate(samples) : null;
}

function toShared(samples: ArrayLike<number>, gain: number): Int16Array<SharedArrayBuffer> {
  const shared = new Int16Array(new SharedArrayBuffer(samples.length * Int16Array.BYTES_PER_ELEMENT));
  for (let index = 0; index < shared.length; index += 1) {
    const loud = Math.round((samples[index] ?? 0) * gain);
    shared[index] = Math.max(-32_768, Math.min(32_767, loud));
  }
  return shared;
}
