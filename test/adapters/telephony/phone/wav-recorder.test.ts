import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { requireWav } from "../../../../adapters/telephony/audio/wav.ts";
import { createWavRecorder } from "../../../../adapters/telephony/phone/wav-recorder.ts";
import { sine } from "../../../support/audio.ts";
import { temporaryFolder } from "./phone-bench.ts";

let folder: Awaited<ReturnType<typeof temporaryFolder>>;

beforeEach(async () => {
  folder = await temporaryFolder();
});

afterEach(async () => {
  await folder.remove();
});

test("a recording holds every frame, over the border of what is written at once", async () => {
  const path = join(folder.path, "call.wav");
  const recorder = createWavRecorder(path);
  const said = sine({ hz: 300, ms: 2_500 });
  const frame = new Int16Array(160);
  for (let at = 0; at < said.length; at += 160) {
    frame.set(said.subarray(at, at + 160));
    recorder.write(frame);
  }
  await recorder.finish();
  expect(requireWav(await readFile(path))).toEqual(said);
});

test("a call without a frame leaves an empty recording", async () => {
  const path = join(folder.path, "empty.wav");
  await createWavRecorder(path).finish();
  expect(requireWav(await readFile(path)).length).toBe(0);
});

test("a folder that is not there is told at the end, with what to do", async () => {
  const recorder = createWavRecorder(join(folder.path, "missing", "call.wav"));
  recorder.write(new Int16Array(160));
  await expect(recorder.finish()).rejects.toThrow(/give a folder that exists/);
});
