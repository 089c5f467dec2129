import { beforeEach, describe, expect, test } from "vitest";
import { createMemoryJournal } from "../../adapters/call-journal/memory-journal.ts";
import { createMemoryLog } from "../../adapters/event-log/memory/memory-log.ts";
import { createMemoryStore } from "../../adapters/event-log/memory/memory-store.ts";
import { instant } from "../../domain/kernel/time.ts";
import type { EventLog } from "../../domain/ports/event-log.ts";
import type { SeenMark } from "../../domain/ports/log-memory.ts";
import { declareHold, holdIfOlder, liftHold, NoHoldError, readHold } from "../../services/recovery.ts";
import { rememberSeen } from "../../services/seen-marks.ts";
import { inputEntry } from "../contract/event-log-entries.ts";
import { createFakeOperatorLog } from "../support/fake-operator-log.ts";
import { createVirtualClock, type VirtualClock } from "../support/virtual-clock.ts";

const START = instant(1_800_000_000_000);

let clock: VirtualClock;
let operatorLog: ReturnType<typeof createFakeOperatorLog>;
let made = 0;
const chance = { draw: () => 0, bytes: () => new Uint8Array(), ulid: () => `ulid-${(made += 1)}` };

beforeEach(() => {
  clock = createVirtualClock(START);
  operatorLog = createFakeOperatorLog();
});

/** A log with so many records on partition 0 of `requests`, and the marks of whoever wrote them. */
async function writtenLog(records: number): Promise<{ log: EventLog; marks: readonly SeenMark[] }> {
  const log = createMemoryLog({ clock, store: createMemoryStore(clock) });
  const journal = createMemoryJournal();
  const seen = rememberSeen(log, journal, clock);
  for (let number = 0; number < records; number += 1) {
    await seen.log.append("requests", [inputEntry(number)]);
    await seen.journal.put(`call-${number}`, "{}");
  }
  return { log, marks: rememberSeen(log, journal, clock).marks };
}

const portsOf = (log: EventLog) => ({ log, clock, chance, operatorLog });

describe("a process that remembers the log", () => {
  test("finds everything in it as it was, and nothing is held", async () => {
    const { log, marks } = await writtenLog(5);
    expect(marks).toMatchObject([{ topic: "requests", partition: 0, offset: 4, id: "in-4" }]);
    expect(await holdIfOlder(portsOf(log), "telephony/one", marks)).toEqual([]);
    expect(await readHold(log)).toBeNull();
  });

  test("misses a record in an older copy, and holds all calls", async () => {
    const { marks } = await writtenLog(5);
    const older = await writtenLog(3);
    expect(await holdIfOlder(portsOf(older.log), "telephony/one", marks)).toEqual(marks);
    expect(await readHold(older.log)).toMatchObject({
      type: "HoldDeclared",
      by: "telephony/one",
      reason: expect.stringContaining("requests 0/4"),
    });
    expect(operatorLog.lines.map(({ level }) => level)).toEqual(["error"]);
  });

  test("finds another record in its place where the copy has grown since, and holds all calls", async () => {
    const { log, marks } = await writtenLog(5);
    const forked = marks.map((mark) => ({ ...mark, id: "another-record" }));
    expect(await holdIfOlder(portsOf(log), "telephony/one", forked)).toEqual(forked);
    const byTime = marks.map((mark) => ({ ...mark, id: null, at: instant(START + 1) }));
    expect(await holdIfOlder(portsOf(log), "reporting", byTime)).toEqual(byTime);
  });

  test("leaves a hold that stands as it was: it says since when", async () => {
    const { log, marks } = await writtenLog(3);
    await declareHold(portsOf(log), "administration", "a copy of everything was restored");
    await clock.advance(60_000);
    const gone = marks.map((mark) => ({ ...mark, offset: 99 }));
    await holdIfOlder(portsOf(log), "telephony/one", gone);
    expect(await readHold(log)).toMatchObject({ at: START, by: "administration" });
  });

  test("that was switched off while the operator decided does not ask again", async () => {
    const { log, marks } = await writtenLog(3);
    const gone = marks.map((mark) => ({ ...mark, offset: 99 }));
    await holdIfOlder(portsOf(log), "telephony/one", gone);
    await clock.advance(1_000);
    await liftHold(portsOf(log), "accept-repeat");
    expect(await holdIfOlder(portsOf(log), "telephony/two", gone)).toEqual(gone);
    expect(await readHold(log)).toMatchObject({ type: "HoldLifted", heldSince: START });
    await clock.advance(1_000);
    const later = gone.map((mark) => ({ ...mark, at: clock.now() }));
    await holdIfOlder(portsOf(log), "telephony/two", later);
    expect(await readHold(log)).toMatchObject({ type: "HoldDeclared", by: "telephony/two" });
  });
});

test("where nothing is held nothing can be decided", async () => {
  const { log } = await writtenLog(1);
  await expect(liftHold(portsOf(log), "mark-unknown")).rejects.toThrow(NoHoldError);
});

test("the journal of a server shows its calls, not its memory", async () => {
  const log = createMemoryLog({ clock, store: createMemoryStore(clock) });
  const journal = createMemoryJournal();
  const seen = rememberSeen(log, journal, clock);
  await seen.log.append("requests", [inputEntry(1), inputEntry(2)]);
  await seen.journal.put("rq#1", "{}");
  expect([...seen.journal.entries().keys()]).toEqual(["rq#1"]);
  const next = rememberSeen(log, journal, clock);
  expect(next.marks).toMatchObject([{ offset: 1, id: "in-2" }]);
  next.forget(next.marks);
  expect(rememberSeen(log, journal, clock).marks).toEqual([]);
});
