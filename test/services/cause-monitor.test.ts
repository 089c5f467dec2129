import { expect, test } from "vitest";
import { createMemoryLog } from "../../adapters/event-log/memory/memory-log.ts";
import { createMemoryStore } from "../../adapters/event-log/memory/memory-store.ts";
import { unownedEnvelope } from "../../domain/kernel/envelope.ts";
import type { Entry, Ownership, Task } from "../../domain/ports/event-log.ts";
import { createCauseMonitor, UNCITED_AFTER_MS } from "../../services/cause-monitor.ts";
import { createFakeOperatorLog } from "../support/fake-operator-log.ts";
import { NINE } from "../support/sample-request.ts";
import { createVirtualClock } from "../support/virtual-clock.ts";

const PARTITION = 3;
const SLOT = PARTITION as Entry<"requests">["slot"];

function refusal(id: string): Entry<"requests"> {
  const about = { id, source: "gateway", subject: null, time: NINE, causationId: null };
  return {
    key: "gate",
    slot: SLOT,
    envelope: unownedEnvelope(about),
    message: {
      type: "IntakeRefused",
      channel: "http",
      claimedSender: "x",
      source: "192.0.2.1",
      reason: "wrong",
      count: 1,
      at: NINE,
    },
  };
}

/** An owner that cites what it handles; of the causes named in `torn` it commits the position, and no event. */
function citingTask(ownership: Ownership, torn: ReadonlySet<number>): Task {
  return {
    restoreState: () => undefined,
    eventsKnownUpTo: () => null,
    restoreEvent: () => undefined,
    resumeAfter: (committed) => committed,
    async handle(records) {
      const events = records
        .filter(({ offset }) => !torn.has(offset))
        .map(({ offset, key, ...record }): Entry<"events"> => {
          if (!record.ok || record.message?.type !== "IntakeRefused") throw new Error("not a refusal");
          const envelope = { ...record.envelope, id: `e${offset}`, causeOffset: offset, ownerEpoch: 1 };
          return { key, slot: SLOT, envelope, message: record.message };
        });
      await ownership.commit({ events, state: [], offers: [], handledUpTo: records.at(-1)?.offset ?? null });
    },
    drop: () => undefined,
  };
}

test("a position that was committed without its events is found while the house runs (I14)", async () => {
  const clock = createVirtualClock(NINE);
  const operatorLog = createFakeOperatorLog();
  const log = createMemoryLog({ clock, owner: "test", store: createMemoryStore(clock), operatorLog });
  const monitor = createCauseMonitor({ log, clock, operatorLog });
  monitor.start();
  const worker = log.work("dispatcher", (ownership) => citingTask(ownership, new Set([1])));
  await clock.settle(() => worker.owned().length === log.partitionCount("requests"), "all is owned");
  for (const id of ["a", "b", "c"]) {
    await log.append("requests", [refusal(id)]);
    await clock.advance(100);
  }
  await clock.advance(UNCITED_AFTER_MS - 5_000);
  expect(monitor.figures()).toEqual({ lost: 0, waiting: 0 });
  await clock.advance(15_000);
  expect(monitor.figures()).toEqual({ lost: 1, waiting: 0 });
  const alarms = operatorLog.lines.filter(({ level }) => level === "error");
  expect(alarms).toMatchObject([{ facts: { partition: PARTITION, offset: 1 } }]);
  await worker.stop();
  await monitor.stop();
  await log.close();
});

test("records that nobody handles are counted as waiting, and the operator is told once", async () => {
  const clock = createVirtualClock(NINE);
  const operatorLog = createFakeOperatorLog();
  const log = createMemoryLog({ clock, owner: "test", store: createMemoryStore(clock), operatorLog });
  const monitor = createCauseMonitor({ log, clock, operatorLog });
  monitor.start();
  await clock.advance(100);
  await log.append("requests", [refusal("a"), refusal("b")]);
  await clock.advance(60_000);
  expect(monitor.figures()).toEqual({ lost: 0, waiting: 2 });
  expect(operatorLog.lines.filter(({ level }) => level === "warn")).toHaveLength(1);
  await monitor.stop();
  await log.close();
});
