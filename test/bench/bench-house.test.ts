import { describe, expect, test } from "vitest";
import { createNumberingPlan } from "../../adapters/numbering/numbering-plan.ts";
import { benchNumber } from "../../bench/bench-house.ts";
import { wholeAnswer } from "../../bench/intake-load.ts";
import { parsePhoneNumber } from "../../domain/kernel/phone-number.ts";

describe("the numbers that benches call", () => {
  test("are valid and each its own", () => {
    const plan = createNumberingPlan();
    const numbers = Array.from({ length: 2_000 }, (_, index) => benchNumber(index));
    expect(new Set(numbers).size).toBe(numbers.length);
    for (const text of numbers) {
      const number = parsePhoneNumber(text);
      if (number === null) throw new Error("a bench number is no number");
      expect(plan.describe(number, { dialled: text, trunkCountry: "US" })).toMatchObject({
        valid: true,
        emergency: null,
      });
    }
  });
});

describe("an answer on a connection of the load", () => {
  const whole = "HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\n\r\n{}";
  test("counts once it is whole", () => {
    expect(wholeAnswer(whole)).toBe(202);
    for (let end = 0; end < whole.length; end += 1) expect(wholeAnswer(whole.slice(0, end))).toBeNull();
  });
  test("may have no body", () => {
    expect(wholeAnswer("HTTP/1.1 503 Service Unavailable\r\n\r\n")).toBe(503);
  });
});
