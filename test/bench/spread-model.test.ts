import { describe, expect, test } from "vitest";
import { runSpread, type SpreadOptions, type SpreadScheme } from "../../bench/spread-model.ts";
import { CHOICE_SCHEMES } from "../../domain/dispatch/choose-server.ts";

const HOUSE: Omit<SpreadOptions, "scheme" | "loadPercent"> = {
  dispatchers: 8,
  servers: [12, 12, 24, 24, 48, 48],
  reportEveryMs: 1_000,
  callMs: 30_000,
  simulatedMs: 120_000,
  learns: true,
  seed: 7,
};

function spread(scheme: SpreadScheme, loadPercent: number, change: Partial<SpreadOptions> = {}) {
  return runSpread({ ...HOUSE, scheme, loadPercent, ...change });
}

describe.each(CHOICE_SCHEMES)("eight dispatchers with reports a second old, by %s", (scheme) => {
  test("seldom ask in vain in a house that has room (J10)", () => {
    const { calls, refusedPerThousand, exhausted, waitP99Ms } = spread(scheme, 70);
    expect(calls).toBeGreaterThan(300);
    // Turns fill the small servers long before the large ones, so that they are asked in vain more often.
    expect(refusedPerThousand).toBeLessThan(scheme === "round-robin" ? 150 : 10);
    expect(exhausted).toBe(0);
    expect(waitP99Ms).toBeLessThan(500);
  });

  test("don't use up the refusals of those who wait in a house that is more than full (J10)", () => {
    const { calls, exhausted } = spread(scheme, 120);
    expect(exhausted / calls).toBeLessThan(0.02);
  });
});

test("dispatchers that learn nothing from refusals lose many times as many Requests in a full house", () => {
  const learned = spread("low-load", 120).exhausted;
  const careless = spread("low-load", 120, { learns: false }).exhausted;
  expect(careless).toBeGreaterThan(10 * Math.max(1, learned));
});

test("the same seed tells the same twice, another does not", () => {
  expect(spread("low-load", 90)).toEqual(spread("low-load", 90));
  expect(spread("low-load", 90, { seed: 8 })).not.toEqual(spread("low-load", 90));
});
