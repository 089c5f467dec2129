import { createHash } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { createKeyIndex, type WrappedKey } from "../../../adapters/keyring/key-index.ts";

function bytes(seed: string, length: number): Buffer {
  return Buffer.concat([createHash("sha512").update(seed).digest()]).subarray(0, length);
}

function keyOf(id: number, subject: number, month: number): WrappedKey {
  // Of subjects with equal first bytes too: they share a chain.
  const name = subject === 0 ? "sender:hotel" : `00000000${bytes(`subject ${subject}`, 12).toString("hex")}`;
  return {
    id: bytes(`id ${id}`, 16).toString("base64url"),
    subject: name,
    month: `2026-${String(month + 1).padStart(2, "0")}`,
    wrapped: bytes(`wrapped ${id}`, 60),
  };
}

const SUBJECTS = 4;
const MONTHS = 3;
const step = fc.record({
  adds: fc.boolean(),
  id: fc.integer({ min: 0, max: 40 }),
});
/** What an id is of never changes. */
const keyById = (id: number): WrappedKey => keyOf(id, id % SUBJECTS, (id >> 2) % MONTHS);

test("any adding and removing leaves what a plain list would, by key, by month, by subject and by age", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
      const index = createKeyIndex();
      const model = new Map<string, WrappedKey>();
      for (const { adds, id } of steps) {
        const key = keyById(id);
        const expected = adds ? true : model.delete(key.id);
        if (adds) model.set(key.id, key);
        expect(adds ? index.add(key) : index.remove(key.id)).toBe(expected);
      }
      expect(index.size()).toBe(model.size);
      for (let id = 0; id <= 40; id += 1) {
        const key = keyById(id);
        expect(index.byId(key.id)).toEqual(model.get(key.id) ?? null);
        const same = [...model.values()].filter(({ subject }) => subject === key.subject);
        expect(sorted(index.ofSubject(key.subject))).toEqual(sorted(same));
        // Any of them will do.
        const ofMonth = same.filter(({ month }) => month === key.month).map(({ id: one }) => one);
        const found = index.ofMonth(key.subject, key.month)?.id ?? null;
        expect(found === null ? ofMonth.length === 0 : ofMonth.includes(found)).toBe(true);
      }
      const old = [...model.values()].filter(({ month }) => month < "2026-02");
      expect(sorted(index.before("2026-02"))).toEqual(sorted(old));
    }),
  );
});

function sorted(keys: readonly WrappedKey[]): readonly WrappedKey[] {
  return keys.toSorted((one, other) => (one.id < other.id ? -1 : 1));
}

test("twenty thousand keys, more than one block of rows, are all found, and half of them after the other half went", () => {
  const index = createKeyIndex();
  const count = 20_000;
  const keys = Array.from({ length: count }, (_, id) => {
    const subject = bytes(`customer ${id}`, 16).toString("hex");
    return { ...keyOf(id, 1, 0), subject };
  });
  for (const key of keys) index.add(key);
  expect(keys.every((key) => index.byId(key.id)?.subject === key.subject)).toBe(true);
  for (const key of keys.slice(0, count / 2)) index.remove(key.id);
  expect(keys.filter((key) => index.byId(key.id) !== null)).toEqual(keys.slice(count / 2));
  // Rows of those that went are used again.
  for (const key of keys.slice(0, count / 2)) index.add(key);
  expect(keys.every((key) => index.ofMonth(key.subject, key.month)?.id === key.id)).toBe(true);
});

test("what no keyring of ours can have made is not taken", () => {
  const index = createKeyIndex();
  const good = keyById(1);
  const bad: readonly Partial<WrappedKey>[] = [
    { id: "short" },
    { id: `${good.id.slice(0, -1)}_` },
    { month: "2026-13" },
    { month: "soon" },
    { wrapped: new Uint8Array(59) },
  ];
  expect(bad.map((change) => index.add({ ...good, ...change }))).toEqual(bad.map(() => false));
  expect([index.size(), index.byId("?"), index.remove("?"), index.before("soon")]).toEqual([
    0,
    null,
    false,
    [],
  ]);
});
