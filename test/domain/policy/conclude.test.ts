import fc from "fast-check";
import { expect, test } from "vitest";
import { instant } from "../../../domain/kernel/time.ts";
import { type Conclusion, conclude } from "../../../domain/policy/check.ts";
import type { ReasonCode, Verdict } from "../../../domain/policy/verdict.ts";

const REASONS: readonly ReasonCode[] = [
  "number.invalid",
  "number.emergency",
  "sender.suspended",
  "hours.closed",
  "hours.never-open",
  "volume.customer",
  "customer.in-call",
  "deadline.passed",
];

const verdict: fc.Arbitrary<Verdict> = fc.record({
  check: fc.constantFrom("number.form", "hours.sender", "deadline"),
  setBy: fc.constantFrom("law", "receiver", "customer", "sender"),
  rule: fc.constant("rule@1"),
  says: fc.constantFrom("allow", "allow", "allow", "wait", "refuse"),
  reason: fc.constantFrom(...REASONS),
  until: fc.option(fc.nat({ max: 100 }).map(instant)),
  facts: fc.constant({}),
});
const DEADLINE = instant(80);

/** Lower is stricter: a refusal, then the longer wait, then the earlier closing. */
function permission(conclusion: Conclusion): readonly [number, number] {
  switch (conclusion.is) {
    case "refuse":
      return [0, 0];
    case "wait":
      return [1, 0 - conclusion.until];
    case "allow":
      return [2, conclusion.callBefore];
    default:
      return conclusion;
  }
}

test("a conclusion does not depend on the order of the verdicts", () => {
  fc.assert(
    fc.property(
      fc
        .array(verdict, { maxLength: 6 })
        .chain((list) => fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length }))),
      ([list, shuffled]) => {
        expect(conclude(shuffled, DEADLINE)).toEqual(conclude(list, DEADLINE));
      },
    ),
  );
});

test("one more verdict never makes a conclusion more permissive", () => {
  fc.assert(
    fc.property(fc.array(verdict, { maxLength: 6 }), verdict, (list, more) => {
      const [kind, degree] = permission(conclude(list, DEADLINE));
      const [kindWithMore, degreeWithMore] = permission(conclude([...list, more], DEADLINE));
      expect(kindWithMore < kind || (kindWithMore === kind && degreeWithMore <= degree)).toBe(true);
    }),
  );
});

test("nothing to object is an allowance up to the deadline", () => {
  expect(conclude([], DEADLINE)).toEqual({ is: "allow", callBefore: DEADLINE });
});

test("a wait always ends before the deadline, an allowance never after it", () => {
  fc.assert(
    fc.property(fc.array(verdict, { maxLength: 6 }), (list) => {
      const conclusion = conclude(list, DEADLINE);
      expect(conclusion.is !== "wait" || conclusion.until < DEADLINE).toBe(true);
      expect(conclusion.is !== "allow" || conclusion.callBefore <= DEADLINE).toBe(true);
    }),
  );
});
