import { expect, test } from "vitest";
import type { CallJournal } from "../../domain/ports/call-journal.ts";

/** A journal that can be closed and opened again on what it had written. */
export type JournalUnderTest = { readonly open: () => CallJournal };

/** What every call journal promises (I11–I13). `create` gives a new, empty one each time. */
export function describeCallJournal(name: string, create: () => JournalUnderTest): void {
  test(`${name}: a new journal is empty`, async () => {
    const journal = create().open();
    expect([...journal.entries()]).toEqual([]);
    await journal.close();
  });

  test(`${name}: I11 what was put is there after a restart, oldest first`, async () => {
    const under = create();
    const first = under.open();
    await first.put("rq_b#1", '{"verdict":"accepted"}');
    await first.put("rq_a#1", '{"verdict":"busy"}');
    await first.close();
    const second = under.open();
    expect([...second.entries()]).toEqual([
      ["rq_b#1", '{"verdict":"accepted"}'],
      ["rq_a#1", '{"verdict":"busy"}'],
    ]);
    await second.close();
  });

  test(`${name}: a second put of a key replaces the first and keeps its place`, async () => {
    const under = create();
    const first = under.open();
    await first.put("a", "1");
    await first.put("b", "1");
    await first.put("a", "2");
    await first.close();
    const second = under.open();
    expect([...second.entries()]).toEqual([
      ["a", "2"],
      ["b", "1"],
    ]);
    await second.close();
  });

  test(`${name}: what was removed does not come back after an orderly stop`, async () => {
    const under = create();
    const first = under.open();
    await first.put("a", "1");
    await first.put("b", "1");
    first.remove("a");
    first.remove("never put");
    await first.close();
    const second = under.open();
    expect([...second.entries().keys()]).toEqual(["b"]);
    await second.close();
  });

  test(`${name}: puts of the same turn all resolve, and keep their order`, async () => {
    const under = create();
    const first = under.open();
    const keys = Array.from({ length: 2_500 }, (_, index) => `rq#${index}`);
    await Promise.all(keys.map((key) => first.put(key, key)));
    await first.close();
    const second = under.open();
    expect([...second.entries().keys()]).toEqual(keys);
    await second.close();
  });

  test(`${name}: any text is kept as it was`, async () => {
    const under = create();
    const body = `{"text":"\\u0000 line\nbreak \u{1F4DE} ${"x".repeat(10_000)}"}`;
    const first = under.open();
    await first.put("a", body);
    await first.close();
    const second = under.open();
    expect(second.entries().get("a")).toBe(body);
    await second.close();
  });

  test(`${name}: a put that was under way when it was closed is kept, one after it is refused`, async () => {
    const under = create();
    const first = under.open();
    const underWay = first.put("a", "1");
    await first.close();
    await expect(underWay).resolves.toHaveProperty("at");
    await expect(first.put("b", "1")).rejects.toThrow(/closed/);
    await first.close();
    const second = under.open();
    expect([...second.entries().keys()]).toEqual(["a"]);
    await second.close();
  });

  test(`${name}: entries is a copy: what is put later does not change it`, async () => {
    const journal = create().open();
    const before = journal.entries();
    await journal.put("a", "1");
    expect(before.size).toBe(0);
    expect(journal.entries().size).toBe(1);
    await journal.close();
  });
}
