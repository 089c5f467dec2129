import fc from "fast-check";
import { expect, test } from "vitest";
import { parsePhoneNumber } from "../../domain/kernel/phone-number.ts";
import { parseSealed, type Sealed } from "../../domain/kernel/sealed.ts";
import { type Instant, parseInstant } from "../../domain/kernel/time.ts";
import type { Keyring } from "../../domain/ports/keyring.ts";

function required<Value>(value: Value | null): Value {
  if (value === null) throw new Error("the test's own data is malformed");
  return value;
}

const NOVEMBER: Instant = required(parseInstant("2026-11-30T23:59:59.999Z"));
const DECEMBER: Instant = required(parseInstant("2026-12-01T00:00:00Z"));
const ANNA = required(parsePhoneNumber("+12125550123"));
const BERT = required(parsePhoneNumber("+12125550124"));

function changed(sealed: Sealed, at: number): Sealed | null {
  const other = sealed[at] === "A" ? "B" : "A";
  return parseSealed(sealed.slice(0, at) + other + sealed.slice(at + 1));
}

/** What every keyring promises. `create` gives a new, empty one each time and closes it after the test. */
export function describeKeyring(name: string, create: () => Keyring | Promise<Keyring>): void {
  test(`${name}: any text opens as it was sealed`, async () => {
    const keyring = await create();
    await fc.assert(
      fc.asyncProperty(
        fc.string({ unit: "grapheme" }),
        fc.integer({ min: 0, max: 3 }),
        async (text, subject) => {
          expect(keyring.openNow(await keyring.seal(`sender:s${subject}`, NOVEMBER, text))).toBe(text);
        },
      ),
      { numRuns: 50 },
    );
  });

  test(`${name}: a sealed text shows neither its words nor that it equals another`, async () => {
    const keyring = await create();
    const first = await keyring.seal("sender:acme", NOVEMBER, "the same words");
    const second = await keyring.seal("sender:acme", NOVEMBER, "the same words");
    expect(first).not.toBe(second);
    expect(parseSealed(first)).toBe(first);
    expect(Buffer.from(first.split(".")[1] ?? "", "base64url").toString("latin1")).not.toContain("same");
  });

  test(`${name}: a subject has one key a month`, async () => {
    const keyring = await create();
    const keyId = async (subject: string, at: Instant) =>
      (await keyring.seal(subject, at, "x")).split(".")[0] ?? "";
    const november = await keyId("sender:acme", NOVEMBER);
    expect(await keyId("sender:acme", NOVEMBER)).toBe(november);
    expect(await keyId("sender:acme", DECEMBER)).not.toBe(november);
    expect(await keyId("sender:other", NOVEMBER)).not.toBe(november);
  });

  test(`${name}: texts of one turn that need the same new key share it`, async () => {
    const keyring = await create();
    const sealed = await Promise.all(
      Array.from({ length: 50 }, (_, index) => keyring.seal("sender:acme", NOVEMBER, `text ${index}`)),
    );
    expect(new Set(sealed.map((text) => text.split(".")[0])).size).toBe(1);
    expect(sealed.map((text) => keyring.openNow(text))).toEqual(sealed.map((_, index) => `text ${index}`));
  });

  test(`${name}: erasing a subject drops all its keys and nobody else's, in every copy`, async () => {
    const keyring = await create();
    const gone = [
      await keyring.seal("sender:acme", NOVEMBER, "number"),
      await keyring.seal("sender:acme", DECEMBER, "digits"),
    ];
    const kept = await keyring.seal("sender:other", NOVEMBER, "stays");
    expect(await keyring.erase("sender:acme")).toBe(2);
    expect(gone.map((text) => keyring.openNow(text))).toEqual([null, null]);
    expect(keyring.openNow(kept)).toBe("stays");
    expect(await keyring.erase("sender:acme")).toBe(0);
  });

  test(`${name}: after an erasure the subject starts with a new key`, async () => {
    const keyring = await create();
    const before = await keyring.seal("sender:acme", NOVEMBER, "old");
    await keyring.erase("sender:acme");
    const after = await keyring.seal("sender:acme", NOVEMBER, "new");
    expect([keyring.openNow(before), keyring.openNow(after)]).toEqual([null, "new"]);
  });

  test(`${name}: a key that was never here opens nothing, which is no error`, async () => {
    const keyring = await create();
    const strange = required(parseSealed(`${"A".repeat(22)}.${"A".repeat(60)}`));
    expect([keyring.openNow(strange), await keyring.open(strange)]).toEqual([null, null]);
    await keyring.arrived([strange]);
  });

  test(`${name}: a changed, cut or moved text is refused loudly`, async () => {
    const keyring = await create();
    const sealed = await keyring.seal("sender:acme", NOVEMBER, "text");
    const other = await keyring.seal("sender:other", NOVEMBER, "text");
    const dot = sealed.indexOf(".");
    for (let at = dot + 1; at < sealed.length; at += 1) {
      expect(() => keyring.openNow(required(changed(sealed, at)))).toThrow(/keyring/);
    }
    expect(() => keyring.openNow(required(parseSealed(sealed.slice(0, dot + 9))))).toThrow(/too short/);
    const moved = required(parseSealed(other.slice(0, other.indexOf(".")) + sealed.slice(dot)));
    expect(() => keyring.openNow(moved)).toThrow(/changed, or belongs elsewhere/);
  });

  test(`${name}: more than a megabyte is not sealed`, async () => {
    const keyring = await create();
    await expect(keyring.seal("sender:acme", NOVEMBER, "x".repeat(1024 * 1024 + 1))).rejects.toThrow(
      RangeError,
    );
  });

  test(`${name}: a pseudonym is 32 hexadecimal digits, the same for the same number only`, async () => {
    const keyring = await create();
    expect(keyring.pseudonym(ANNA)).toMatch(/^[0-9a-f]{32}$/);
    expect(keyring.pseudonym(ANNA)).toBe(keyring.pseudonym(ANNA));
    expect(keyring.pseudonym(ANNA)).not.toBe(keyring.pseudonym(BERT));
  });
}
