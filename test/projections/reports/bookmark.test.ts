import { expect, test } from "vitest";
import { batchName, bookmarkOf, bookmarkRow, parseBookmark } from "../../../projections/reports/bookmark.ts";
import { createDie, delivered, entriesOf, history } from "./sample-history.ts";

const stretch = { partition: 3, records: delivered(entriesOf(history(1, createDie(1))), 3) };

test("a bookmark reads back as it was written", () => {
  const mark = bookmarkOf(stretch, batchName([stretch]), { openFrom: null, done: false });
  const row = bookmarkRow(mark);
  const read = ["p", "batch", "first_o", "last_o", "open_from", "up_to", "done"].map(
    (name) => row[name] ?? null,
  );
  expect(parseBookmark(read)).toEqual(mark);
});

test("done is newer than its intent, and the next intent newer than both", () => {
  const intent = bookmarkRow(bookmarkOf(stretch, "a", { openFrom: 0, done: false }));
  const done = bookmarkRow(bookmarkOf(stretch, "a", { openFrom: 0, done: true }));
  const last = stretch.records.at(-1);
  if (last === undefined) throw new Error("no sample");
  const following = { partition: 3, records: [{ ...last, offset: last.offset + 1 }] };
  const next = bookmarkRow(bookmarkOf(following, "b", { openFrom: 0, done: false }));
  expect(Number(done["version"])).toBeGreaterThan(Number(intent["version"]));
  expect(Number(next["version"])).toBeGreaterThan(Number(done["version"]));
});
