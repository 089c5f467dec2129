import { expect, test } from "vitest";
import { type Instant, instant } from "../../domain/kernel/time.ts";
import type { Durable } from "../../domain/ports/durable.ts";
import type { EventLog, Ownership, Task } from "../../domain/ports/event-log.ts";
import type { SeenMark } from "../../domain/ports/log-memory.ts";
import { rememberCommits } from "../../services/commit-memory.ts";
import { eventEntry } from "../contract/event-log-entries.ts";
import { createFakeOperatorLog } from "../support/fake-operator-log.ts";
import { createVirtualClock } from "../support/virtual-clock.ts";

const START = instant(1_800_000_000_000);

/** An owner of partition 0 whose commits are remembered, and when each of them was kept. */
function remembering() {
  const clock = createVirtualClock(START);
  const keeps: { readonly at: Instant; readonly offsets: readonly number[] }[] = [];
  const memory = {
    read: () => [],
    async keep(marks: readonly SeenMark[]) {
      keeps.push({ at: clock.now(), offsets: marks.map(({ offset }) => offset) });
    },
    forget: () => Promise.resolve(),
  };
  let offset = 0;
  const bare: Ownership = {
    partition: 0,
    epoch: 1,
    lost: new AbortController().signal,
    commit: () => Promise.resolve({ durable: { at: START } as Durable, eventsUpTo: (offset += 1) }),
  };
  let own = bare;
  const log = {
    work(_group: string, makeTask: (ownership: Ownership) => Task) {
      makeTask(bare);
      return { owned: () => [0], ended: Promise.resolve(), stop: () => Promise.resolve() };
    },
  } as unknown as EventLog;
  const commits = rememberCommits(log, memory, { clock, operatorLog: createFakeOperatorLog() });
  commits.log.work("dispatcher", (ownership) => {
    own = ownership;
    return {} as Task;
  });
  const commit = (): Promise<unknown> =>
    own.commit({ events: [eventEntry(`fact ${offset}`)], state: [], offers: [], handledUpTo: null });
  return { clock, keeps, commit, commits };
}

test("the first commit after a pause is remembered at once, so that a copy from before it is recognised (row 50)", async () => {
  const { clock, keeps, commit } = remembering();
  await clock.advance(60_000);
  await commit();
  await clock.advance(1);
  expect(keeps).toMatchObject([{ offsets: [1] }]);
  await clock.advance(5_000);
  await commit();
  await clock.advance(1);
  expect(keeps).toMatchObject([{ offsets: [1] }, { offsets: [2] }]);
});

test("in a busy time the memory is written once a second, with the newest commit", async () => {
  const { clock, keeps, commit } = remembering();
  for (let commits = 0; commits < 30; commits += 1) {
    await commit();
    await clock.advance(100);
  }
  expect(keeps.map(({ at }) => at - START)).toEqual([0, 1_000, 2_000, 3_000]);
  expect(keeps.at(-1)?.offsets).toEqual([30]);
});

test("what was not kept yet is kept at the end", async () => {
  const { clock, keeps, commit, commits } = remembering();
  await commit();
  await clock.advance(10);
  await commit();
  await commits.stop();
  expect(keeps.at(-1)?.offsets).toEqual([2]);
});
