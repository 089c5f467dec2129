import { expect, test } from "vitest";
import { recordCaller } from "../../../../adapters/voicexml/record-caller.ts";
import { createFakeLeg, createTestClock } from "./fake-call.ts";

const ORDER = {
  beep: false,
  maxMs: 1_000,
  finalSilenceMs: 100,
  timeoutMs: 200,
  dtmfTerm: true,
  type: "audio/x-wav",
};
const LOUD = new Int16Array(160).fill(4_000);
const QUIET = new Int16Array(160);

function record(order = ORDER) {
  const leg = createFakeLeg();
  const clock = createTestClock();
  return { leg, clock, recording: recordCaller(order, leg, clock, new AbortController().signal) };
}

test("silence after speech ends a recording", async () => {
  const { leg, recording, clock } = record();
  for (const frame of [LOUD, LOUD, QUIET, QUIET, QUIET, QUIET, QUIET]) leg.frame(frame);
  expect(await recording).toMatchObject({ spoke: true, maxtime: false, hangup: false, termchar: null });
  expect(clock.pending()).toBe(0);
});

test("a caller who never speaks is not recorded", async () => {
  const { leg, recording } = record();
  for (let frame = 0; frame < 10; frame += 1) leg.frame(QUIET);
  expect(await recording).toMatchObject({ spoke: false });
});

test("a recording is no longer than its longest time", async () => {
  const { leg, recording } = record();
  for (let frame = 0; frame < 60; frame += 1) leg.frame(LOUD);
  const { maxtime, samples } = await recording;
  expect(maxtime).toBe(true);
  expect(samples.length).toBe(50 * 160);
});

test("a key ends a recording and is told; a hang-up keeps what was said", async () => {
  const byKey = record();
  byKey.leg.frame(LOUD);
  byKey.leg.press(["#"]);
  expect(await byKey.recording).toMatchObject({ termchar: "#", spoke: true });
  const byHangup = record();
  byHangup.leg.frame(LOUD);
  byHangup.leg.hangUp();
  expect(await byHangup.recording).toMatchObject({ hangup: true, spoke: true });
});

test("a line that sends nothing any more ends it too", async () => {
  const { clock, recording } = record();
  clock.fireAll();
  expect(await recording).toMatchObject({ spoke: false, maxtime: true });
});
