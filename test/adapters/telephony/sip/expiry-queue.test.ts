import { expect, test } from "vitest";
import { createExpiryQueue, EXPIRING_MAX } from "../../../../adapters/telephony/sip/expiry-queue.ts";
import { instant, milliseconds } from "../../../../domain/kernel/time.ts";
import { createVirtualClock } from "../../../support/virtual-clock.ts";

test("each thing is forgotten once its time is over, at most a quarter of a second later", async () => {
  const clock = createVirtualClock(instant(0));
  const forgotten: string[] = [];
  const queue = createExpiryQueue<string>(clock, milliseconds(1_000), (thing) => forgotten.push(thing));
  queue.add("one");
  await clock.advance(900);
  queue.add("two");
  await clock.advance(99);
  expect(forgotten).toEqual([]);
  await clock.advance(251);
  expect(forgotten).toEqual(["one"]);
  await clock.advance(900);
  expect(forgotten).toEqual(["one", "two"]);
});

test("above its limit the oldest goes before its time", () => {
  const clock = createVirtualClock(instant(0));
  const forgotten: number[] = [];
  const queue = createExpiryQueue<number>(clock, milliseconds(1_000), (thing) => forgotten.push(thing));
  for (let n = 0; n < EXPIRING_MAX + 2; n += 1) queue.add(n);
  expect(forgotten).toEqual([0, 1]);
  queue.clear();
});

test("once cleared it forgets nothing more", async () => {
  const clock = createVirtualClock(instant(0));
  const forgotten: string[] = [];
  const queue = createExpiryQueue<string>(clock, milliseconds(1_000), (thing) => forgotten.push(thing));
  queue.add("one");
  queue.clear();
  await clock.advance(5_000);
  expect(forgotten).toEqual([]);
});
