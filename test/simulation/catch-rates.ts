/**
 * How often each planted bug is caught: the proof that a green run says something. A seed counts for the first
 * invariant that it breaks.
 */

import {
  CLOSING_HOURS,
  focusedOf,
  LONG_SILENCE,
  MANY_OWNERS,
  MUTE_THEN_DEAD,
  TORN_LOG,
} from "./focused-scenarios.ts";
import { powerCutsOf, restoredOf, scenarioOf } from "./plan-scenario.ts";
import { PLANTED_BUGS, type PlantedBug } from "./planted-bugs.ts";
import type { Scenario } from "./scenario.ts";
import { simulate } from "./simulate.ts";

export type CatchRate = {
  readonly bug: PlantedBug;
  readonly seeds: number;
  readonly caught: number;
  /** The first seed that shows it, and what breaks there; null: none did. */
  readonly first: { readonly seed: number; readonly invariant: string } | null;
  /** How many seeds each invariant was the first to catch. */
  readonly seenAs: Readonly<Record<string, number>>;
};

/** Some need a fault of their own, or one that is rare among the others. */
const SCENARIOS: Readonly<Partial<Record<PlantedBug, (seed: number) => Scenario>>> = {
  "effects start on what is visible and not yet durable": powerCutsOf,
  "a restored old log calls again who was called already": restoredOf,
  "an outcome is forgotten at the hang-up, before its append was acknowledged": (seed) =>
    focusedOf(seed, MUTE_THEN_DEAD),
  "a late grant starts a call after its reservation is gone": (seed) => focusedOf(seed, LONG_SILENCE),
  "quiet hours are checked at dispatch but not at the INVITE": (seed) => focusedOf(seed, CLOSING_HOURS),
  "a reservation has no timeout": (seed) => focusedOf(seed, TORN_LOG),
  "an owner starts after the committed position though events were lost": (seed) => focusedOf(seed, TORN_LOG),
  "a server obeys an owner whose time is over": (seed) => focusedOf(seed, MANY_OWNERS),
  "owners whose epoch has passed may commit": (seed) => focusedOf(seed, MANY_OWNERS),
};

/** The scenario of a seed in which this bug can show. */
export function scenarioFor(bug: PlantedBug, seed: number): Scenario {
  return (SCENARIOS[bug] ?? scenarioOf)(seed);
}

export async function catchRateOf(bug: PlantedBug, seeds: number): Promise<CatchRate> {
  const seenAs: Record<string, number> = {};
  let caught = 0;
  let first: CatchRate["first"] = null;
  for (let seed = 1; seed <= seeds; seed += 1) {
    const { violations } = await simulate(scenarioFor(bug, seed), PLANTED_BUGS[bug]);
    const [violation] = violations;
    if (violation === undefined) continue;
    const { invariant } = violation;
    caught += 1;
    first ??= { seed, invariant };
    seenAs[invariant] = (seenAs[invariant] ?? 0) + 1;
  }
  return { bug, seeds, caught, first, seenAs };
}
