import { expect, test } from "vitest";
import { createLateness } from "../../../../adapters/telephony/rtp/lateness.ts";

function published(late: (n: number) => number): number[] {
  const told: number[] = [];
  const lateness = createLateness((p99Ms) => told.push(p99Ms));
  for (let n = 0; n <= 2_000; n += 1) lateness.record(late(n), 1, n);
  return told;
}

test("the lateness of one packet in a hundred is told each second", () => {
  expect(published((n) => (n % 100 === 0 ? 50 : 1.1))).toEqual([1.25, 1.25]);
  expect(published((n) => (n % 50 === 0 ? 50 : 1.1))).toEqual([50.25, 50.25]);
});

test("what is later than 200 ms counts as that, what is early as on time", () => {
  expect(published(() => 5_000)).toEqual([200, 200]);
  expect(published(() => -3)).toEqual([0.25, 0.25]);
});
