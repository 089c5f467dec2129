/** The second copy: everything, once, in order, whatever fails. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createMemoryLog } from "../../../adapters/event-log/memory/memory-log.ts";
import { createMemoryStore } from "../../../adapters/event-log/memory/memory-store.ts";
import type { RequestId } from "../../../domain/kernel/identifiers.ts";
import type { EventLog } from "../../../domain/ports/event-log.ts";
import { AT_ONCE_MAX, createAuditCopy } from "../../../services/audit/audit-copy.ts";
import { describeAuditStore } from "../../contract/audit-store.ts";
import { createDie, history, interleave } from "../../projections/reports/sample-history.ts";
import { createFakeOperatorLog, type FakeOperatorLog } from "../../support/fake-operator-log.ts";
import { createMemoryAuditStore, type MemoryAuditStore } from "../../support/memory-audit-store.ts";
import { NINE } from "../../support/sample-request.ts";
import { createVirtualClock, type VirtualClock } from "../../support/virtual-clock.ts";

describeAuditStore("the store of these tests", async () => createMemoryAuditStore());

let clock: VirtualClock;
let log: EventLog;
let store: MemoryAuditStore;
let operatorLog: FakeOperatorLog;

beforeEach(() => {
  clock = createVirtualClock(NINE);
  log = createMemoryLog({ clock, store: createMemoryStore(clock) });
  store = createMemoryAuditStore();
  operatorLog = createFakeOperatorLog();
});
afterEach(() => log.close());

const die = createDie(11);
const histories = Array.from({ length: 30 }, (_, index) => history(index, die));
const entries = interleave(histories, createDie(12));

const copyOf = () => createAuditCopy({ log, store, clock, operatorLog });

function expectWhole(): void {
  expect(store.kept.size).toBe(histories.length);
  for (const { id, events } of histories)
    expect(store.kept.get(id)?.map(({ event }) => event.type)).toEqual(events.map(({ type }) => type));
}

/** Lets the copy's pauses pass until it has caught up. */
async function caughtUp(started: Promise<void>): Promise<void> {
  let done = false;
  void started.then(() => (done = true));
  await clock.settle(() => done, "the copy has caught up");
}

describe("the second copy (L09, N05)", () => {
  test("has every event of every Request, in order, with its place in the log", async () => {
    await log.append("events", entries);
    const copy = copyOf();
    await caughtUp(copy.start());
    expectWhole();
    for (const [request, kept] of store.kept) {
      expect(kept.map(({ envelope }) => envelope.sequence)).toEqual(kept.map((_, index) => index + 1));
      for (const { envelope, position } of kept) {
        expect(envelope.subject).toBe(request);
        expect(position.offset).toBeGreaterThanOrEqual(0);
      }
    }
    await copy.stop();
  });

  test("goes on where the last one was, and hands over again only what was not noted", async () => {
    await log.append("events", entries.slice(0, 200));
    const first = copyOf();
    await caughtUp(first.start());
    await first.stop();
    const before = store.calls();
    await log.append("events", entries.slice(200));
    const second = copyOf();
    await caughtUp(second.start());
    await second.stop();
    expectWhole();
    const handed = store.calls() - before;
    expect(handed).toBeLessThan(entries.length);
  });

  test("is whole after a store that did not answer for a while, and nobody had to start anything again", async () => {
    store.fail(40);
    await log.append("events", entries);
    const copy = copyOf();
    const started = copy.start();
    // Forty failures with pauses of up to ten seconds, sixteen Requests at once.
    for (let waited = 0; waited < 400_000; waited += 10_000) await clock.advance(10_000);
    await caughtUp(started);
    expectWhole();
    expect(copy.refused()).toBe(0);
    expect(operatorLog.lines.some(({ what }) => what === "the second copy falls behind")).toBe(true);
    await copy.stop();
  });

  test("hands over so many Requests at once, and no more", async () => {
    await log.append("events", entries);
    let now = 0;
    let most = 0;
    const { append } = store;
    store.append = async (...one) => {
      now += 1;
      most = Math.max(most, now);
      await Promise.resolve();
      await append(...one);
      now -= 1;
    };
    const copy = copyOf();
    await caughtUp(copy.start());
    expect(most).toBeGreaterThan(1);
    expect(most).toBeLessThanOrEqual(AT_ONCE_MAX);
    await copy.stop();
  });

  test("ends at once when it is stopped while the store does not answer", async () => {
    store.fail(Number.MAX_SAFE_INTEGER);
    await log.append("events", entries.slice(0, 10));
    const copy = copyOf();
    const started = copy.start();
    await clock.advance(1_000);
    await copy.stop();
    await started;
    expect(store.kept.size).toBe(0);
  });

  test("tells its operator of a hole in the log, and keeps everything else", async () => {
    const [hurt] = histories;
    const without = entries.filter(
      ({ envelope }) => !(envelope.subject === hurt?.id && envelope.sequence === 2),
    );
    expect(without).toHaveLength(entries.length - 1);
    await log.append("events", without);
    const copy = copyOf();
    await caughtUp(copy.start());
    expect(store.kept.get(hurt?.id as RequestId)).toHaveLength(1);
    for (const { id, events } of histories.slice(1)) expect(store.kept.get(id)).toHaveLength(events.length);
    expect(copy.refused()).toBe((hurt?.events.length ?? 0) - 2);
    expect(operatorLog.lines.some(({ what }) => what === "the second copy refused an event")).toBe(true);
    await copy.stop();
  });
});
