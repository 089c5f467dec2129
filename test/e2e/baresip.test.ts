import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { requireWav } from "../../adapters/telephony/audio/wav.ts";
import { startBaresip } from "../interop/baresip/baresip.ts";
import { rms } from "../support/audio.ts";
import { requireProgram } from "../support/installed.ts";
import { CALLING_ROLES, GUEST, startProcesses } from "../support/processes.ts";

const stops: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).toReversed()) await stop();
});

const SAMPLES_PER_FRAME = 160;
const FRAME_MS = 20;
/** Room noise and comfort noise stay far below; a spoken word is in the thousands. */
const LOUD_RMS = 300;

function loudMs(samples: Int16Array): number {
  let frames = 0;
  for (let at = 0; at + SAMPLES_PER_FRAME <= samples.length; at += SAMPLES_PER_FRAME) {
    if (rms(samples.subarray(at, at + SAMPLES_PER_FRAME)) > LOUD_RMS) frames += 1;
  }
  return frames * FRAME_MS;
}

const SAID = "Good morning. This is your wake up call. It is seven o'clock, and the sun is shining.";
const PROGRAM = `<vxml xmlns="http://www.w3.org/2001/vxml" version="2.1"><form><block><prompt>${SAID}</prompt><exit expr="'heard'"/></block></form></vxml>`;

test("baresip is called by the whole house and hears the prompt from beginning to end (I15, K04)", async (context) => {
  const program = requireProgram(context, "baresip");
  const folder = await mkdtemp(join(tmpdir(), "reveille-baresip-"));
  stops.push(() => rm(folder, { recursive: true, force: true }));
  const silence = new Int16Array(8_000 * 30);
  const baresip = await startBaresip({ program, folder, speaks: silence, codec: "PCMU" });
  stops.push(() => baresip.stop());
  const house = await startProcesses({
    trunk: `127.0.0.1:${baresip.port}`,
    roles: CALLING_ROLES,
  });
  stops.push(() => house.stop());

  const request = await house.request({ to: GUEST, document: { inline: PROGRAM } });
  const completed = await house.event(request, "CallCompleted");
  expect(completed).toMatchObject({ outcome: "completed", sipCode: 200, endedBy: "us", dialogResult: "ok" });
  expect(await house.over(request)).toMatchObject({ type: "RequestCompleted", outcome: "completed" });
  await baresip.stop();

  const heard = requireWav(await readFile(await baresip.recording()));
  // Twenty words take five to nine seconds to say; pauses between them are not loud.
  expect(loudMs(heard)).toBeGreaterThan(3_000);
  expect(loudMs(heard)).toBeLessThan(9_000);
  expect(Math.abs((heard.length / 8_000) * 1_000 - completed.talkMs)).toBeLessThan(2_000);
});
