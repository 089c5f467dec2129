import { expect, test } from "vitest";
import { PLANTED_BUGS, type PlantedBug } from "./planted-bugs.ts";
import { powerCutsOf, scenarioOf } from "./scenario.ts";
import { shrink } from "./shrink.ts";
import { simulate } from "./simulate.ts";

/**
 * Each planted bug with the first seed that shows it. Two are not here because they are not caught: a late grant in
 * none of some 470 seeds, an offer sent too early in none of 60 (and in 2 of 150 of an earlier version). Whether the
 * design makes them harmless is not proven.
 */
const CAUGHT: readonly (readonly [PlantedBug, number, string])[] = [
  ["a Sender is acknowledged before the log has the record", 5, "I12"],
  ["no call journal", 2, "I10"],
  ["an outcome is forgotten at the hang-up, before its append was acknowledged", 7, "I10"],
  ["a grant is sent before Accepted is durable", 4, "I15"],
  ["appends have no idempotency key", 3, "I10"],
  ["a failed append is dropped", 3, "I10"],
  ["an INVITE leaves on acceptance, without a grant", 1, "I15"],
  ["owners whose epoch has passed may commit", 1, "I13"],
  ["a server refuses a newer owner's grant for an older reservation", 3, "I10"],
  ["a reservation has no timeout", 199, "I12"],
  ["an owner starts work before it has restored", 1, "I4"],
  ["an owner starts after the committed position though events were lost", 12, "I14"],
  ["an owner repairs its memory after a failed transaction", 1, "I10"],
  ["seen messages are kept in memory only", 1, "I1"],
  ["timers go by the wall clock", 4, "I12"],
  ["the last permitted instant is not looked at when the INVITE leaves", 30, "I6"],
];

test.each(CAUGHT)("the invariants catch: %s (seed %i, %s)", { timeout: 60_000 }, async (bug, seed, sees) => {
  const { violations } = await simulate(scenarioOf(seed), PLANTED_BUGS[bug]);
  expect(violations.map(({ invariant }) => invariant)).toContain(sees);
});

test("the invariants catch: effects start on what is visible and not yet durable, under power cuts", async () => {
  const bug = PLANTED_BUGS["effects start on what is visible and not yet durable"];
  expect((await simulate(powerCutsOf(1), bug)).violations).not.toEqual([]);
  expect((await simulate(powerCutsOf(1))).violations).toEqual([]);
});

test("a failing scenario shrinks to what its failure needs", { timeout: 60_000 }, async () => {
  const bug = PLANTED_BUGS["an INVITE leaves on acceptance, without a grant"];
  const small = await shrink(scenarioOf(1), "I15", bug);
  expect(small.requests).toHaveLength(1);
  expect(small.faults).toEqual([]);
  expect((await simulate(small, bug)).violations[0]?.invariant).toBe("I15");
});
