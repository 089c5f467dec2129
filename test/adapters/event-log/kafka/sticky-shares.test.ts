import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fairShare } from "../../../../adapters/event-log/fair-share.ts";
import type { Candidate } from "../../../../adapters/event-log/kafka/kafka-driver.ts";
import { parseOwned } from "../../../../adapters/event-log/kafka/kafkajs-group.ts";
import { shareOut } from "../../../../adapters/event-log/kafka/sticky-shares.ts";

const PARTITIONS = 12;
const all = [...Array(PARTITIONS).keys()];

/** Any team, whatever its members say they own: also the same partition, and some that do not exist. */
const teams: fc.Arbitrary<readonly Candidate[]> = fc
  .uniqueArray(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 15 })
  .chain((members) =>
    fc.tuple(
      ...members.map((member) =>
        fc.uniqueArray(fc.integer({ min: -1, max: PARTITIONS }), { maxLength: PARTITIONS }).map((owned) => ({
          member,
          owned,
        })),
      ),
    ),
  );

describe("how partitions are shared out", () => {
  test("none goes to two, and nobody gets more than a fair share", () => {
    fc.assert(
      fc.property(teams, (candidates) => {
        const shares = shareOut(candidates, PARTITIONS);
        const given = [...shares.values()].flat();
        expect(new Set(given).size).toBe(given.length);
        const members = candidates.map(({ member }) => member);
        for (const [member, mine] of shares) {
          expect(mine.length).toBeLessThanOrEqual(fairShare(members, member, PARTITIONS));
        }
      }),
    );
  });

  test("a partition that somebody still owns goes to nobody else", () => {
    fc.assert(
      fc.property(teams, (candidates) => {
        for (const [member, mine] of shareOut(candidates, PARTITIONS)) {
          const others = candidates.filter((other) => other.member !== member);
          const own = candidates.find((one) => one.member === member)?.owned ?? [];
          const taken = mine.filter(
            (one) => !own.includes(one) && others.some(({ owned }) => owned.includes(one)),
          );
          expect(taken).toEqual([]);
        }
      }),
    );
  });

  test("once the surplus is given back, the next round gives out everything and moves nothing", () => {
    fc.assert(
      fc.property(teams, (candidates) => {
        const first = shareOut(candidates, PARTITIONS);
        const settled = candidates.map(({ member }) => ({ member, owned: first.get(member) ?? [] }));
        const second = shareOut(settled, PARTITIONS);
        expect([...second.values()].flat().toSorted((a, b) => a - b)).toEqual(all);
        for (const [member, mine] of first)
          expect(second.get(member)).toEqual(expect.arrayContaining([...mine]));
      }),
    );
  });

  test("what a member of another make says about itself is owned by nobody", () => {
    expect(parseOwned("")).toEqual([]);
    expect(parseOwned('{"a":1}')).toEqual([]);
    expect(parseOwned('[1,"2",3.5,4]')).toEqual([1, 4]);
    fc.assert(fc.property(fc.string(), (text) => Array.isArray(parseOwned(text))));
  });
});
