import fc from "fast-check";
import { expect, test } from "vitest";
import {
  afterAcceptance,
  afterRefusal,
  type Eagerness,
  FULLY_EAGER,
  shareNow,
} from "../../../domain/dispatch/eagerness.ts";
import { instant } from "../../../domain/kernel/time.ts";

const NOW = instant(1_000_000);

function after(refusals: number): Eagerness {
  return Array.from({ length: refusals }).reduce<Eagerness>(
    (eagerness) => afterRefusal(eagerness, "busy", NOW),
    FULLY_EAGER,
  );
}

test("each refusal for want of room halves the share of free ports that is taken at once (J10)", () => {
  expect([1, 2, 3].map((refusals) => shareNow(after(refusals), NOW))).toEqual([0.5, 0.25, 0.125]);
  expect(afterRefusal(FULLY_EAGER, "draining", NOW)).toBe(FULLY_EAGER);
  expect(afterRefusal(FULLY_EAGER, "stale-epoch", NOW)).toBe(FULLY_EAGER);
});

test("acceptances raise it again, and so does time", () => {
  const before = after(1);
  expect(shareNow(afterAcceptance(before, NOW), NOW)).toBeCloseTo(0.55);
  expect(shareNow(before, instant(NOW + 10_000))).toBe(1);
  expect(afterAcceptance(FULLY_EAGER, NOW)).toBe(FULLY_EAGER);
});

test("whatever happens it stays above nothing and at most everything", () => {
  const step = fc.tuple(fc.constantFrom("busy", "accepted"), fc.nat(5_000));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
      let [eagerness, now] = [FULLY_EAGER, NOW];
      for (const [what, ms] of steps) {
        now = instant(now + ms);
        eagerness = what === "busy" ? afterRefusal(eagerness, "busy", now) : afterAcceptance(eagerness, now);
        const share = shareNow(eagerness, now);
        expect(share > 0 && share <= 1).toBe(true);
      }
    }),
  );
});
