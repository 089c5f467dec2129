/** Every queue and wait of the log's common part, driven to its limit under a virtual clock. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { COOLING_MS_MAX } from "../../../adapters/event-log/cooling.ts";
import { FOLLOW_BATCH_MAX } from "../../../adapters/event-log/follower.ts";
import { APPEND_RECORDS_MAX, READ_BATCH_MAX } from "../../../adapters/event-log/given-out.ts";
import { logOverStore } from "../../../adapters/event-log/log-over-store.ts";
import type { LogStore } from "../../../adapters/event-log/log-store.ts";
import { createMemoryLog } from "../../../adapters/event-log/memory/memory-log.ts";
import { createMemoryStore, type MemoryStore } from "../../../adapters/event-log/memory/memory-store.ts";
import { INPUT_BATCH_MAX } from "../../../adapters/event-log/owned-partition.ts";
import { EMBEDDED_PARTITIONS } from "../../../adapters/event-log/partitions.ts";
import { RESTORE_BATCH_MAX } from "../../../adapters/event-log/restore.ts";
import { RecordTooLargeError } from "../../../adapters/event-log/stored-record.ts";
import { LEAVE_WAIT_MS } from "../../../adapters/event-log/worker.ts";
import type { EventLog, Ownership, Task } from "../../../domain/ports/event-log.ts";
import { LogUnavailableError } from "../../../domain/ports/event-log.ts";
import { inputEntry, NOW, stateEntry } from "../../contract/event-log-entries.ts";
import { createRecorder } from "../../contract/event-log-recorder.ts";
import { createVirtualClock, type VirtualClock } from "../../support/virtual-clock.ts";

let clock: VirtualClock;
let store: MemoryStore;
let log: EventLog;

beforeEach(() => {
  clock = createVirtualClock(NOW);
  store = createMemoryStore(clock);
  log = createMemoryLog({ clock, store, owner: "first", leaseMs: 300 });
});
afterEach(() => log.close());

const inputs = (count: number): ReturnType<typeof inputEntry>[] =>
  Array.from({ length: count }, (_, number) => inputEntry(number));

describe("batches", () => {
  test("a follower gets no more at once than its limit", async () => {
    await log.append("requests", inputs(2 * FOLLOW_BATCH_MAX + 1));
    const sizes: number[] = [];
    const subscription = log.follow("requests", "start", (records) => void sizes.push(records.length));
    await subscription.caughtUp;
    expect(sizes).toEqual([FOLLOW_BATCH_MAX, FOLLOW_BATCH_MAX, 1]);
  });

  test("a reader gets no more at once than its limit", async () => {
    await log.append("requests", inputs(READ_BATCH_MAX + 1));
    const sizes: number[] = [];
    for await (const batch of log.read("requests", 0)) sizes.push(batch.length);
    expect(sizes).toEqual([READ_BATCH_MAX, 1]);
  });

  test("a task gets no more input at once than its limit", async () => {
    const sizes: number[] = [];
    const recorder = createRecorder({
      outputsFor(records) {
        sizes.push(records.length);
        return { events: [], state: [], offers: [], handledUpTo: records.at(-1)?.offset ?? null };
      },
    });
    await log.append("requests", inputs(INPUT_BATCH_MAX + 1));
    log.work("g", recorder.makeTask);
    await recorder.until(() => recorder.at(0)?.inputs.length === INPUT_BATCH_MAX + 1);
    expect(sizes).toEqual([INPUT_BATCH_MAX, 1]);
  });

  test("a restore of more than one batch misses nothing", async () => {
    const count = RESTORE_BATCH_MAX + 10;
    await log.append(
      "state",
      Array.from({ length: count }, (_, number) => stateEntry(`k${number}`, "{}")),
    );
    const recorder = createRecorder();
    log.work("g", recorder.makeTask);
    await recorder.until(() => recorder.at(0) !== undefined);
    expect(recorder.at(0)?.state).toHaveLength(count);
  });
});

/** A task of which one method misbehaves. */
function faultyTask(fault: Partial<Task>): (ownership: Ownership) => Task {
  return () => ({
    restoreState: () => undefined,
    eventsKnownUpTo: () => null,
    restoreEvent: () => undefined,
    resumeAfter: (committed) => committed,
    handle: async () => undefined,
    drop: () => undefined,
    ...fault,
  });
}

function failToResume(): never {
  throw new Error("a bug in the restore");
}

describe("waits", () => {
  test("a task that never finishes its input is dropped at the end of the wait", async () => {
    const began = Promise.withResolvers<void>();
    const dropped: string[] = [];
    const worker = log.work(
      "g",
      faultyTask({
        handle() {
          began.resolve();
          return new Promise(() => undefined);
        },
        drop: () => void dropped.push("dropped"),
      }),
    );
    await clock.settle(() => worker.owned().length === 8, "ownership");
    await log.append("requests", inputs(1));
    await began.promise;
    let stopped = false;
    const stopping = worker.stop().then(() => {
      stopped = true;
      return null;
    });
    await clock.advance(LEAVE_WAIT_MS - 1);
    expect(stopped).toBe(false);
    await clock.advance(1);
    await stopping;
    expect(dropped).toHaveLength(8);
  });

  test("a task that can't be restored is tried ever less often, up to the limit", async () => {
    const tries: number[] = [];
    const makeTask = (ownership: Ownership): Task => {
      if (ownership.partition === 2) tries.push(clock.monotonic());
      return faultyTask({ resumeAfter: failToResume })(ownership);
    };
    log.work("g", makeTask);
    await clock.advance(60_000);
    const pauses = tries.slice(1).map((at, index) => at - (tries[index] ?? 0));
    expect(pauses.length).toBeLessThan(60);
    expect(Math.max(...pauses)).toBeGreaterThanOrEqual(COOLING_MS_MAX / 2);
    expect(Math.max(...pauses)).toBeLessThanOrEqual(COOLING_MS_MAX + 100);
  });

  test("a task that throws while it is dropped does not keep its partition", async () => {
    const worker = log.work(
      "g",
      faultyTask({
        drop() {
          throw new Error("can't let go");
        },
      }),
    );
    await clock.settle(() => worker.owned().length === 8, "ownership");
    await worker.stop();
    expect(worker.owned()).toEqual([]);
  });
});

function logOver(change: Partial<LogStore>): EventLog {
  const operatorLog = { info: () => undefined, warn: () => undefined, error: () => undefined };
  const wiring = { counts: EMBEDDED_PARTITIONS, clock, owner: "second", leaseMs: 300, operatorLog };
  return logOverStore({ ...wiring, store: { ...store, ...change } });
}

describe("a store that fails", () => {
  test("for good: the worker says so and drops its tasks", async () => {
    let broken = false;
    const failing = logOver({
      attend: async (presence) => {
        if (broken) throw new Error("database disk image is malformed");
        return store.attend(presence);
      },
    });
    const recorder = createRecorder();
    const worker = failing.work("g", recorder.makeTask);
    await recorder.until(() => recorder.living().length === 8);
    broken = true;
    await clock.advance(300);
    await expect(worker.ended).rejects.toThrow("malformed");
    expect(recorder.living()).toEqual([]);
  });

  test("for a while: the worker keeps its tasks and goes on", async () => {
    let unavailable = true;
    const flaky = logOver({
      attend: async (presence) => {
        if (unavailable) throw new LogUnavailableError("busy");
        return store.attend(presence);
      },
    });
    const recorder = createRecorder();
    const worker = flaky.work("g", recorder.makeTask);
    await clock.advance(200);
    expect(worker.owned()).toEqual([]);
    unavailable = false;
    await clock.advance(200);
    await recorder.until(() => recorder.living().length === 8);
    await flaky.close();
  });

  test("for a while: a follower reads again and misses nothing", async () => {
    await log.append("requests", inputs(3));
    let failures = 2;
    const flaky = logOver({
      readBatch(...asked) {
        failures -= 1;
        if (failures >= 0) throw new LogUnavailableError("busy");
        return store.readBatch(...asked);
      },
    });
    let count = 0;
    const subscription = flaky.follow("requests", "start", (records) => {
      count += records.length;
    });
    await subscription.caughtUp;
    expect(count).toBe(3);
    await flaky.close();
  });

  test("a handler that meets an unavailable log ends its subscription: its batch must not be lost silently", async () => {
    await log.append("requests", inputs(1));
    const subscription = log.follow("requests", "start", () => {
      throw new LogUnavailableError("the handler's own append failed");
    });
    await expect(subscription.ended).rejects.toThrow(LogUnavailableError);
  });
});

/** A log whose disk syncs when told to, and a way to see that something still waits for it. */
function logWithSlowDisk() {
  const syncs: (() => void)[] = [];
  const slow = logOver({ durable: () => new Promise((resolve) => syncs.push(resolve)) });
  return { slow, syncs };
}

describe("visible is not durable", () => {
  test("an append is acknowledged after the sync that follows its commit, not before", async () => {
    const { slow, syncs } = logWithSlowDisk();
    let acknowledged = false;
    const appending = slow.append("requests", inputs(1)).then((appended) => {
      acknowledged = true;
      return appended;
    });
    await clock.settle(() => syncs.length === 1, "the sync");
    expect(store.ends("requests")[0]).toBe(1);
    expect(acknowledged).toBe(false);
    syncs[0]?.();
    expect((await appending).durable).toEqual({ at: NOW });
  });

  test("so is a commit", async () => {
    const { slow, syncs } = logWithSlowDisk();
    const recorder = createRecorder();
    const worker = slow.work("g", recorder.makeTask);
    await recorder.until(() => recorder.at(0) !== undefined);
    let acknowledged = false;
    const outputs = { events: [], state: [stateEntry("k", "{}")], offers: [], handledUpTo: 4 };
    const committing = recorder
      .at(0)
      ?.ownership.commit(outputs)
      .then((committed) => {
        acknowledged = true;
        return committed;
      });
    await clock.settle(() => syncs.length === 1, "the sync");
    expect(store.committedOffset("g", 0)).toBe(4);
    expect(acknowledged).toBe(false);
    syncs[0]?.();
    await committing;
    await worker.stop();
  });
});

test("an append of more records than the limit is refused before anything is written", async () => {
  await expect(log.append("requests", inputs(APPEND_RECORDS_MAX + 1))).rejects.toThrow(RecordTooLargeError);
  expect(store.ends("requests")[0]).toBe(0);
  expect((await log.append("requests", inputs(APPEND_RECORDS_MAX))).positions).toHaveLength(
    APPEND_RECORDS_MAX,
  );
});

test("a log that was closed takes nothing more", async () => {
  await log.close();
  await expect(log.append("requests", inputs(1))).rejects.toThrow("after it was closed");
});
