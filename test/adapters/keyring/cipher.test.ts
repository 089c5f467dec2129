import { createSecretKey, randomBytes } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { decrypt, encrypt, IV_BYTES, KEY_BYTES } from "../../../adapters/keyring/cipher.ts";
import { SealBrokenError } from "../../../adapters/keyring/keyring-errors.ts";

const newKey = () => createSecretKey(randomBytes(KEY_BYTES));
const KEY = newKey();

test("any bytes come back under the same key for the same owner, and for no other", () => {
  fc.assert(
    fc.property(fc.uint8Array(), fc.string(), fc.string(), (plain, owner, other) => {
      fc.pre(owner !== other);
      const box = encrypt(KEY, randomBytes(IV_BYTES), plain, owner);
      expect(new Uint8Array(decrypt(KEY, box, owner))).toEqual(plain);
      expect(() => decrypt(KEY, box, other)).toThrow(SealBrokenError);
      expect(() => decrypt(newKey(), box, owner)).toThrow(SealBrokenError);
    }),
  );
});

test("a box is 28 bytes longer than what is in it", () => {
  expect(encrypt(KEY, randomBytes(IV_BYTES), Buffer.alloc(100), "x")).toHaveLength(128);
});
