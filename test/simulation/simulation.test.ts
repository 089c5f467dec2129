import { expect, test } from "vitest";
import { focusedOf, LONG_SILENCE, mixedOf } from "./focused-scenarios.ts";
import { type KeptScenario, keptScenarios } from "./kept-scenarios.ts";
import { powerCutsOf, restoredOf, scenarioOf } from "./plan-scenario.ts";
import { simulate } from "./simulate.ts";

const SMOKE_SEEDS = 200;
const HARD_SEEDS = 10;
/** Ten times what it takes on a machine of one's own: on a busy one it takes longer, and looks at no less. */
const TIMEOUT_MS = 120_000;

test(
  "whatever fails, every Request ends once, nobody is called twice at once, and no port leaks (I1-I10, I12-I16)",
  { timeout: TIMEOUT_MS },
  async () => {
    const failed: string[] = [];
    for (let seed = 1; seed <= SMOKE_SEEDS; seed += 1) {
      const { violations } = await simulate(mixedOf(seed));
      for (const { invariant, what } of violations) failed.push(`seed ${seed}: ${invariant}: ${what}`);
    }
    expect(failed).toEqual([]);
  },
);

test(
  "a power cut every few seconds loses nothing that was acknowledged (I1)",
  { timeout: TIMEOUT_MS },
  async () => {
    for (let seed = 1; seed <= HARD_SEEDS; seed += 1) {
      expect((await simulate(powerCutsOf(seed))).violations).toEqual([]);
    }
  },
);

test(
  "servers that are stopped between their yes and the grant call nobody when they return (I3, I4)",
  { timeout: TIMEOUT_MS },
  async () => {
    for (let seed = 1; seed <= HARD_SEEDS; seed += 1) {
      expect((await simulate(focusedOf(seed, LONG_SILENCE))).violations).toEqual([]);
    }
  },
);

test(
  "an old copy of the log in its place calls nobody again before somebody has decided (I4)",
  { timeout: TIMEOUT_MS },
  async () => {
    for (let seed = 1; seed <= HARD_SEEDS; seed += 1) {
      expect((await simulate(restoredOf(seed))).violations).toEqual([]);
    }
  },
);

test.each([2, 3, 7])("seed %i tells the same history twice", { timeout: TIMEOUT_MS }, async (seed) => {
  const first = await simulate(scenarioOf(seed));
  const second = await simulate(scenarioOf(seed));
  expect(second).toEqual(first);
  expect(first.calls).toBeGreaterThan(0);
});

const kept: readonly (readonly [string, KeptScenario])[] = [...keptScenarios()];

test.each(kept)("what once failed holds: %s", { timeout: TIMEOUT_MS }, async (_name, { scenario }) => {
  expect((await simulate(scenario)).violations).toEqual([]);
});
