import { expect, test } from "vitest";
import { createDigitMerge, MERGE_MS } from "../../../../adapters/telephony/rtp/digit-merge.ts";

test("a key that comes two ways counts once, and pressed again later it counts again", () => {
  const merge = createDigitMerge();
  expect(merge.isNew("5", "event", 1_000)).toBe(true);
  expect(merge.isNew("5", "info", 1_000 + MERGE_MS - 1)).toBe(false);
  expect(merge.isNew("5", "info", 1_000 + MERGE_MS)).toBe(true);
});

test("the same way twice is two keys, however fast, and so are different keys", () => {
  const merge = createDigitMerge();
  expect(merge.isNew("5", "event", 1_000)).toBe(true);
  expect(merge.isNew("5", "event", 1_020)).toBe(true);
  expect(merge.isNew("6", "info", 1_030)).toBe(true);
});
