import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fairShare } from "../../../adapters/event-log/fair-share.ts";
import { EMBEDDED_PARTITIONS, partitionOf } from "../../../adapters/event-log/partitions.ts";
import { SLOT_COUNT, type Slot } from "../../../domain/kernel/identifiers.ts";

describe("the share of each member", () => {
  const teams = fc.uniqueArray(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 20 });

  test("adds up to every partition, and no two differ by more than one", () => {
    fc.assert(
      fc.property(teams, fc.integer({ min: 1, max: 48 }), (members, partitions) => {
        const shares = members.map((member) => fairShare(members, member, partitions));
        expect(shares.reduce((sum, share) => sum + share, 0)).toBe(partitions);
        expect(Math.max(...shares) - Math.min(...shares)).toBeLessThanOrEqual(1);
      }),
    );
  });

  test("does not depend on the order of the list", () => {
    fc.assert(
      fc.property(teams, (members) => {
        const [member = ""] = members;
        expect(fairShare(members.toReversed(), member, 8)).toBe(fairShare(members, member, 8));
      }),
    );
  });

  test("is nothing for who is not on the list", () => {
    expect(fairShare(["a"], "b", 8)).toBe(0);
  });
});

test("requests, events and state of one Customer have one partition number, spread evenly over the slots", () => {
  const counts = new Map<number, number>();
  for (let slot = 0; slot < SLOT_COUNT; slot += 1) {
    const places = (["requests", "events", "state"] as const).map((topic) =>
      partitionOf(EMBEDDED_PARTITIONS, topic, slot as Slot),
    );
    expect(new Set(places).size).toBe(1);
    counts.set(places[0] ?? -1, (counts.get(places[0] ?? -1) ?? 0) + 1);
  }
  expect([...counts.values()]).toEqual(Array(8).fill(SLOT_COUNT / 8));
});
