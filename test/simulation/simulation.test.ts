import { expect, test } from "vitest";
import { scenarioOf } from "./scenario.ts";
import { simulate } from "./simulate.ts";

const SMOKE_SEEDS = 200;
/** On a busy machine fewer seeds are looked at; the nightly run looks at all of them. */
const SMOKE_MS = 20_000;

/** Seeds that once failed, with what they showed. They stay for ever. */
const ONCE_FAILED: readonly (readonly [number, string])[] = [
  [1, "the line of a caller whose server crashed was held for ever"],
  [28, "another owner's wall clock made a call silent after two seconds"],
  [30, "a paused owner declared every server gone when it returned"],
  [34, "an owner that was alone and paused declared a server gone"],
  [36, "a pause within an outage declared a server gone"],
  [52, "a stepped clock made a server forget a refused grant, and it called twice"],
  [72, "a torn transaction held a caller's line for ever"],
  [849, "a server with its clock set back was no longer heard"],
  [1184, "reports older than those before the clock was set right were ignored"],
  [1568, "a long outage ended just when its servers were declared gone"],
];

test(
  "whatever fails, every Request ends once, nobody is called twice at once, and no port leaks (I1-I5, I7, I9, I10, I12-I16)",
  {
    timeout: 120_000,
  },
  async () => {
    const until = performance.now() + SMOKE_MS;
    const failed: string[] = [];
    let seeds = 0;
    for (let seed = 1; seed <= SMOKE_SEEDS && performance.now() < until; seed += 1) {
      const { violations } = await simulate(scenarioOf(seed));
      seeds += 1;
      for (const { invariant, what } of violations) failed.push(`seed ${seed}: ${invariant}: ${what}`);
    }
    expect(failed).toEqual([]);
    expect(seeds).toBeGreaterThan(0);
  },
);

test.each([3, 7, 19])("seed %i tells the same history twice", async (seed) => {
  const first = await simulate(scenarioOf(seed));
  const second = await simulate(scenarioOf(seed));
  expect(second).toEqual(first);
  expect(first.calls).toBeGreaterThan(0);
});

test.each(ONCE_FAILED)("seed %i holds: %s", { timeout: 60_000 }, async (seed) => {
  const { violations } = await simulate(scenarioOf(seed));
  expect(violations).toEqual([]);
});
