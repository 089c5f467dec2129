import { expect, test } from "vitest";
import { createChance } from "../../../adapters/system/chance.ts";

test("a draw is in [0, 1) and spreads evenly", () => {
  const chance = createChance();
  const draws = Array.from({ length: 10_000 }, () => chance.draw());
  expect(draws.every((draw) => draw >= 0 && draw < 1)).toBe(true);
  // Ten standard deviations of the mean of so many draws.
  expect(Math.abs(draws.reduce((sum, draw) => sum + draw, 0) / draws.length - 0.5)).toBeLessThan(0.03);
});

test("ULIDs are sorted by the time of their making and never equal", () => {
  let at = Date.parse("2026-11-21T12:00:00Z");
  const chance = createChance(() => at);
  const ulids = Array.from({ length: 1_000 }, () => {
    at += 1;
    return chance.ulid();
  });
  expect(ulids.toSorted()).toEqual(ulids);
  expect(new Set(ulids).size).toBe(1_000);
  expect(ulids.every((ulid) => /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/.test(ulid))).toBe(true);
});

test("the time of an ULID is written as the specification's example has it", () => {
  expect(
    createChance(() => 1_469_918_176_385)
      .ulid()
      .slice(0, 10),
  ).toBe("01ARYZ6S41");
});

test("bytes are as many as asked for, and not the same twice", () => {
  const chance = createChance();
  expect(chance.bytes(0)).toEqual(new Uint8Array(0));
  expect(chance.bytes(32)).toHaveLength(32);
  expect(chance.bytes(32)).not.toEqual(chance.bytes(32));
});
