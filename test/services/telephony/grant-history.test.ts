import { expect, test } from "vitest";
import { createMemoryDisk, createMemoryJournal } from "../../../adapters/call-journal/memory-journal.ts";
import { createGrantHistory } from "../../../services/telephony/grant-history.ts";
import { later } from "../../support/sample-request.ts";

const MINUTE_MS = 60_000;

async function runFor(minutes: number, readAt: ReadonlyMap<number, number>) {
  const disk = createMemoryDisk();
  const steady = { now: later(0) };
  const history = createGrantHistory(createMemoryJournal(disk), () => steady.now);
  for (let minute = 0; minute <= minutes; minute += 1) {
    const offset = readAt.get(minute);
    if (offset !== undefined) history.noteRead({ partition: 2, offset });
    steady.now = later(minute * MINUTE_MS + 1_000);
    await history.settle();
  }
  return createGrantHistory(createMemoryJournal(disk), () => steady.now);
}

test("a grant is past once it was read well before a restart, by the log's order alone", async () => {
  const next = await runFor(
    12,
    new Map([
      [0, 40],
      [11, 41],
    ]),
  );
  expect(next.isPast({ partition: 2, offset: 40 })).toBe(true);
  expect(next.isPast({ partition: 2, offset: 41 })).toBe(false);
  expect(next.isPast({ partition: 1, offset: 0 })).toBe(false);
});

test("what was read a moment before a crash is answered anew", async () => {
  const next = await runFor(3, new Map([[0, 40]]));
  expect(next.isPast({ partition: 2, offset: 40 })).toBe(false);
});
