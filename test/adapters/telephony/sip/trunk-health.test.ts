import { expect, test } from "vitest";
import {
  ANSWER_PATIENCE_MS,
  ASKED_EVERY_MS,
  ASKED_WHILE_DOWN_EVERY_MS,
  FAILURES_TO_DOWN,
  watchTrunk,
} from "../../../../adapters/telephony/sip/trunk-health.ts";
import { instant } from "../../../../domain/kernel/time.ts";
import { createVirtualClock } from "../../../support/virtual-clock.ts";

function bench() {
  const clock = createVirtualClock(instant(0));
  const changes: boolean[] = [];
  const trunk = { answer: 200 as number | null, silent: false, asked: 0 };
  const health = watchTrunk({
    clock,
    onChange: (isUp) => changes.push(isUp),
    ask() {
      trunk.asked += 1;
      return trunk.silent ? new Promise(() => undefined) : Promise.resolve(trunk.answer);
    },
  });
  return { clock, changes, trunk, health };
}

test("a trunk is asked every 30 s, and one that answers anything is up", async () => {
  const { clock, trunk, health, changes } = bench();
  trunk.answer = 405;
  await clock.advance(10 * ASKED_EVERY_MS);
  expect([trunk.asked, health.isUp(), changes]).toEqual([10, true, []]);
});

test("three failures in a row take it out of use, one answer brings it back", async () => {
  const { clock, trunk, health, changes } = bench();
  trunk.answer = null;
  await clock.advance((FAILURES_TO_DOWN - 1) * ASKED_EVERY_MS);
  expect(health.isUp()).toBe(true);
  await clock.advance(ASKED_EVERY_MS);
  expect([health.isUp(), changes]).toEqual([false, [false]]);
  trunk.answer = 200;
  await clock.advance(ASKED_WHILE_DOWN_EVERY_MS);
  expect([health.isUp(), changes]).toEqual([true, [false, true]]);
});

test("two failures and an answer begin the count anew", async () => {
  const { clock, trunk, health } = bench();
  for (const answer of [null, null, 200, null, 503]) {
    trunk.answer = answer;
    await clock.advance(ASKED_EVERY_MS);
  }
  expect(health.isUp()).toBe(true);
  await clock.advance(ASKED_EVERY_MS);
  expect(health.isUp()).toBe(false);
});

test("silence is a failure after 5 s, and nothing is asked after the end", async () => {
  const { clock, trunk, health } = bench();
  trunk.silent = true;
  await clock.advance(FAILURES_TO_DOWN * (ASKED_EVERY_MS + ANSWER_PATIENCE_MS));
  expect([trunk.asked, health.isUp()]).toEqual([FAILURES_TO_DOWN, false]);
  health.stop();
  await clock.advance(10 * ASKED_EVERY_MS);
  expect(trunk.asked).toBe(FAILURES_TO_DOWN);
});
