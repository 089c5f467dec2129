import fc from "fast-check";
import { expect, test } from "vitest";
import { fromHex, toHex } from "../../../domain/kernel/hex.ts";

test("bytes written as hexadecimal digits are read as they were", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
      expect(toHex(bytes)).toBe(Buffer.from(bytes).toString("hex"));
      expect(fromHex(toHex(bytes))).toEqual(bytes);
    }),
  );
});

test.each(["0", "0G", "AB", " 00", "00\n", "0x00"])("%j is no hexadecimal text of ours", (text) => {
  expect(fromHex(text)).toBeNull();
});
