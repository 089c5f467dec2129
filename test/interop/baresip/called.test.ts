import { readFile } from "node:fs/promises";
import { afterEach, expect, test } from "vitest";
import { createSystemClock } from "../../../adapters/system/clock.ts";
import { requireWav } from "../../../adapters/telephony/audio/wav.ts";
import type { CallLeg } from "../../../domain/ports/telephony.ts";
import { exchangeTo, temporaryFolder } from "../../adapters/telephony/phone/phone-bench.ts";
import { order, PERMIT, type Watched, watch } from "../../adapters/telephony/sip/exchange.ts";
import { chirp, findSound, joined, rms } from "../../support/audio.ts";
import { requireProgram } from "../../support/installed.ts";
import { startBaresip } from "./baresip.ts";

const clock = createSystemClock();
const cleanUps: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp();
});

const SAID = chirp({ fromHz: 300, toHz: 2_800, ms: 800 });
const SPOKEN = chirp({ fromHz: 2_500, toHz: 400, ms: 500 });
/** Another sound has less than 0.2; a frame that a busy machine delays costs some hundredths. */
const RECOGNISED = 0.9;
const HALF_A_SECOND = new Int16Array(4_000);

async function heardFor(leg: CallLeg, milliseconds: number): Promise<Int16Array> {
  const frames: Int16Array[] = [];
  return await new Promise((resolve) => {
    const stop = leg.onFrame((frame) => {
      frames.push(frame);
      if (frames.length * 20 < milliseconds) return;
      stop();
      resolve(joined(frames));
    });
  });
}

/** From the first to the last 20 ms that are loud, in milliseconds. */
function soundingMs(samples: Int16Array): number {
  const loud = Array.from({ length: Math.floor(samples.length / 160) }, (_, i) => i).filter(
    (i) => rms(samples.subarray(i * 160, (i + 1) * 160)) > 1_000,
  );
  return ((loud.at(-1) ?? 0) - (loud[0] ?? 0) + 1) * 20;
}

test.for([
  "PCMU",
  "PCMA",
] as const)("I15, K04: baresip as the called party hears the prompt, is heard, and gets our keys (%s)", async (codec, context) => {
  const program = requireProgram(context, "baresip");
  const folder = await temporaryFolder();
  cleanUps.push(folder.remove);
  const speaks = joined([HALF_A_SECOND, SPOKEN, HALF_A_SECOND, HALF_A_SECOND, HALF_A_SECOND]);
  const baresip = await startBaresip({ program, folder: folder.path, speaks, codec });
  cleanUps.push(() => baresip.stop());
  const exchange = await exchangeTo(baresip.port);
  cleanUps.push(exchange.close);

  const call: Watched = watch((told) => exchange.telephony.place(order(clock), PERMIT, told));
  const { leg } = await call.saw("answered");
  const heard = heardFor(leg, 2_000);
  const clips = [HALF_A_SECOND, SAID, HALF_A_SECOND].map((samples) => ({ samples }));
  const end = await leg.play(clips, { stopOnDigit: true }).ended;
  expect(end).toEqual({ why: "finished", playedMs: 1_800 });
  await leg.sendDigits(["4", "#"]);
  await baresip.said("received event: '4'");
  await baresip.said("received event: '#'");

  expect(findSound(SPOKEN, await heard).likeness).toBeGreaterThan(RECOGNISED);
  call.call.hangUp();
  const ending = await call.ended;
  expect(ending).toMatchObject({ endedBy: "us", sipCode: 200 });
  expect(ending.media.received).toBeGreaterThan(80);
  expect(ending.media.concealed / ending.media.received).toBeLessThan(0.2);

  await baresip.stop();
  const recorded = requireWav(await readFile(await baresip.recording()));
  const found = findSound(SAID, recorded);
  expect(found.likeness).toBeGreaterThan(RECOGNISED);
  const whatCame = recorded.subarray(found.at, found.at + SAID.length);
  expect(rms(whatCame) / rms(SAID)).toBeGreaterThan(0.9);
  expect(rms(whatCame) / rms(SAID)).toBeLessThan(1.1);
  expect(soundingMs(recorded)).toBeGreaterThanOrEqual(720);
  expect(soundingMs(recorded)).toBeLessThanOrEqual(880);
});
