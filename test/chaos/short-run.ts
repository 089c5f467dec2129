/** A run of half a minute for the suite, and what must be true of any run. */
import { expect } from "vitest";
import type { ChaosOptions, ChaosResult } from "./chaos-result.ts";

export const SHORT_RUN: ChaosOptions = {
  log: "embedded",
  seconds: 20,
  perSecond: 4,
  seed: 20_261_121,
  everyMs: 2_500,
  servers: 2,
  dispatchers: 2,
  reporting: false,
  settings: {},
  brokers: null,
  network: null,
  script: null,
  keep: false,
  say: () => undefined,
};

export function expectKept(result: ChaosResult, strikesMin = 2): void {
  expect(result.violations).toEqual([]);
  expect(result).toMatchObject({ lost: 0, doubled: 0 });
  expect(result.acknowledged).toBe(result.asked);
  // The run has to have been one: calls, and roles that were struck under them.
  expect(result.acknowledged).toBeGreaterThan(40);
  expect(result.calls).toBeGreaterThan(20);
  expect(result.strikes.length).toBeGreaterThanOrEqual(strikesMin);
}
