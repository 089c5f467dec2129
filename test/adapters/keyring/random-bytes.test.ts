import { describe, expect, test } from "vitest";
import { createRandomBytes, DRAWN_AT_ONCE } from "../../../adapters/keyring/random-bytes.ts";

/** A generator whose bytes tell where they come from: fours, each with a number of its own. */
function countingFill(): { readonly fill: (bytes: Buffer) => void; readonly seen: Buffer[] } {
  const seen: Buffer[] = [];
  let next = 1;
  return {
    seen,
    fill(bytes) {
      seen.push(bytes);
      for (let at = 0; at < bytes.length; at += 4) bytes.writeUInt32LE(next++, at);
    },
  };
}

describe("random bytes of the keyring", () => {
  test("no byte is given out twice, across every new draw", () => {
    const { fill } = countingFill();
    const take = createRandomBytes(fill);
    const given = Array.from({ length: DRAWN_AT_ONCE }, (_, n) => take(n % 2 === 0 ? 12 : 60));
    const numbers = given.flatMap((bytes) =>
      Array.from({ length: bytes.length / 4 }, (_, n) => bytes.readUInt32LE(n * 4)),
    );
    expect(new Set(numbers).size).toBe(numbers.length);
    expect(numbers).not.toContain(0);
  });

  test("what was given out stays as it was, and is overwritten where it was drawn", () => {
    const { fill, seen } = countingFill();
    const take = createRandomBytes(fill);
    const first = take(32);
    const before = first.toString("hex");
    expect(seen[0]?.subarray(0, 32).every((byte) => byte === 0)).toBe(true);
    for (let drawn = 0; drawn < 3 * DRAWN_AT_ONCE; drawn += 32) take(32);
    expect(first.toString("hex")).toBe(before);
  });

  test("one call fills as much as is drawn at once, and no more", () => {
    const take = createRandomBytes();
    expect(take(DRAWN_AT_ONCE)).toHaveLength(DRAWN_AT_ONCE);
    expect(take(32).equals(take(32))).toBe(false);
    expect(() => take(DRAWN_AT_ONCE + 1)).toThrow(RangeError);
  });
});
