import fc from "fast-check";
import { expect, test } from "vitest";
import { createPortPool } from "../../../../adapters/telephony/rtp/port-pool.ts";

test("ports are even, inside the range, and given out once", () => {
  const range = fc
    .tuple(fc.integer({ min: 1_024, max: 60_000 }), fc.integer({ min: 2, max: 200 }))
    .map(([first, size]) => ({ first, last: first + size }));
  fc.assert(
    fc.property(
      range,
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      ({ first, last }, draw) => {
        const pool = createPortPool({ first, last }, () => draw);
        const taken = Array.from({ length: pool.free(0) }, () => pool.take(0));
        expect(pool.take(0)).toBeNull();
        expect(new Set(taken).size).toBe(taken.length);
        for (const port of taken) {
          expect(port).toSatisfy((one: number) => one % 2 === 0 && one >= first && one + 1 <= last);
        }
      },
    ),
  );
});

test("a released port rests ten seconds", () => {
  const pool = createPortPool({ first: 20_000, last: 20_001 }, () => 0);
  expect(pool.take(0)).toBe(20_000);
  pool.give(20_000, 500);
  expect(pool.take(10_499)).toBeNull();
  expect(pool.take(10_500)).toBe(20_000);
});

test("a range without a pair of ports is refused with an example", () => {
  for (const range of [
    { first: 9_000, last: 8_000 },
    { first: 20_001, last: 20_002 },
    { first: 80, last: 90 },
    { first: 65_000, last: 70_000 },
  ]) {
    expect(() => createPortPool(range, () => 0)).toThrow(/20000-21999/);
  }
});
