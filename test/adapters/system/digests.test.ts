import { expect, test } from "vitest";
import { createDigests, TooManyPasswordsError } from "../../../adapters/system/digests.ts";

const digests = createDigests();
const bytes = (text: string) => new Uint8Array(Buffer.from(text, "utf8"));
const hex = (digest: Uint8Array) => Buffer.from(digest).toString("hex");

test("SHA-256 as FIPS 180-2 has it, HMAC as RFC 4231", () => {
  expect(hex(digests.sha256(bytes("abc")))).toBe(
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
  );
  expect(hex(digests.hmacSha256(bytes("Jefe"), bytes("what do ya want for nothing?")))).toBe(
    "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
  );
});

test("equal compares whole values, and unequal lengths without a throw", () => {
  expect([
    digests.equal(bytes("abc"), bytes("abc")),
    digests.equal(bytes("abc"), bytes("abd")),
    digests.equal(bytes("abc"), bytes("ab")),
  ]).toEqual([true, false, false]);
});

test("H05 a password verifies against its own hash only, and two hashes of it differ", async () => {
  const [first, second] = await Promise.all([
    digests.hashPassword("correct horse"),
    digests.hashPassword("correct horse"),
  ]);
  expect(first).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
  expect(first).not.toBe(second);
  expect(await digests.verifyPassword("correct horse", first)).toBe(true);
  expect(await digests.verifyPassword("correct horsE", first)).toBe(false);
});

test.each([
  "",
  "plain",
  "$argon2i$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
  "$argon2id$v=19$m=9999999,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
  "$argon2id$v=19$m=19456,t=999,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
  "$argon2id$v=19$m=19456,t=0,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
  "$argon2id$v=19$m=8,t=1,p=8$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
])("%j is no hash that we spend time on", async (phc) => {
  expect(await digests.verifyPassword("x", phc)).toBe(false);
});

test("a password of a megabyte is refused before any work is done on it", async () => {
  await expect(digests.hashPassword("x".repeat(1_025))).rejects.toThrow(RangeError);
  const phc = await digests.hashPassword("x".repeat(1_024));
  expect(await digests.verifyPassword("x".repeat(1_025), phc)).toBe(false);
});

test("two passwords are worked on at once, 256 wait, and the next is refused", async () => {
  const crowded = createDigests();
  const cheap =
    "$argon2id$v=19$m=8,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
  const taken = Array.from({ length: 258 }, () => crowded.verifyPassword("x", cheap));
  await expect(crowded.verifyPassword("x", cheap)).rejects.toThrow(TooManyPasswordsError);
  expect(await Promise.all(taken)).toEqual(taken.map(() => false));
  expect(await crowded.verifyPassword("x", cheap)).toBe(false);
});
