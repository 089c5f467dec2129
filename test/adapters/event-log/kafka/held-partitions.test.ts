import { beforeEach, expect, test } from "vitest";
import {
  createHeldPartitions,
  type HeldPartitions,
} from "../../../../adapters/event-log/kafka/held-partitions.ts";
import type {
  KafkaPartitionEnd,
  OwnedKafkaPartition,
} from "../../../../adapters/event-log/kafka/kafka-partition.ts";
import { instant } from "../../../../domain/kernel/time.ts";
import { createVirtualClock, type VirtualClock } from "../../../support/virtual-clock.ts";

type FakeTask = {
  readonly partition: number;
  handled: number | null;
  /** Its writer has closed. */
  end(how: KafkaPartitionEnd["how"]): Promise<void>;
  readonly asked: string[];
};

let clock: VirtualClock;
let tasks: FakeTask[];
let told: string[];
let held: HeldPartitions;

beforeEach(() => {
  clock = createVirtualClock(instant(1_800_000_000_000));
  tasks = [];
  told = [];
  held = createHeldPartitions({
    own,
    clock,
    onDropped: (partition, { how }) => void told.push(`${partition} ${how}`),
    onLost: () => void told.push("hurry"),
  });
});

function own(partition: number): OwnedKafkaPartition {
  const ended = Promise.withResolvers<KafkaPartitionEnd>();
  const task: FakeTask = {
    partition,
    handled: null,
    asked: [],
    async end(how) {
      ended.resolve({ how, error: null, committed: true, epoch: 1 });
      await clock.advance(0);
    },
  };
  tasks.push(task);
  return {
    handledUpTo: () => task.handled,
    ended: ended.promise,
    lose: () => void task.asked.push("lose"),
    leave: () => void task.asked.push("leave"),
  };
}

const taken = (): readonly number[] => tasks.map(({ partition }) => partition);
const newest = (partition: number): FakeTask => {
  const task = tasks.findLast((one) => one.partition === partition);
  if (task === undefined) throw new Error(`nobody has taken partition ${partition}`);
  return task;
};

test("the group's word is taken up, and what it leaves out is given back before anybody else has it", async () => {
  await held.assigned([1, 2]);
  expect(taken()).toEqual([1, 2]);
  const given = held.assigned([2, 3]);
  expect(newest(1).asked).toEqual(["leave"]);
  await newest(1).end("left");
  expect(await given).toBe(true);
  expect(held.kept()).toEqual([2, 3]);
  expect(told).toEqual([]);
});

test("a partition that the group gives back to us while its lost task is still closing is taken when that is done", async () => {
  await held.assigned([4, 5]);
  held.expelled();
  await newest(4).end("lost");
  expect(await held.assigned([4, 5])).toBe(false);
  expect(taken()).toEqual([4, 5, 4]);
  expect(held.kept()).toEqual([4]);
  await newest(5).end("lost");
  expect(taken()).toEqual([4, 5, 4, 5]);
  expect(held.kept()).toEqual([4, 5]);
});

test("what is not ours any more when its task has closed stays with others", async () => {
  await held.assigned([5]);
  held.expelled();
  const given = held.assigned([]);
  await newest(5).end("lost");
  await given;
  expect(taken()).toEqual([5]);
  expect(held.all()).toEqual([]);
});

test("a lost partition is taken again once the group says that we are still in it", async () => {
  await held.assigned([1]);
  await newest(1).end("lost");
  expect(told).toEqual(["1 lost", "hurry"]);
  expect(taken()).toEqual([1]);
  held.alive();
  expect(taken()).toEqual([1, 1]);
});

test("a task that failed rests before the next one is made", async () => {
  await held.assigned([1]);
  await newest(1).end("failed");
  expect(taken()).toEqual([1]);
  await clock.advance(5_000);
  expect(taken()).toEqual([1, 1]);
});

test("positions are told once each, and after the task's end too", async () => {
  await held.assigned([1, 2]);
  newest(1).handled = 7;
  expect(held.takePositions()).toEqual(new Map([[1, 8]]));
  expect(held.takePositions()).toEqual(new Map());
  newest(2).handled = 3;
  await newest(2).end("failed");
  expect(held.takePositions()).toEqual(new Map([[2, 4]]));
});

test("whoever leaves waits for the commits of every task, and pushes those that take too long", async () => {
  await held.assigned([1, 2]);
  const left = held.leave();
  await newest(1).end("left");
  await clock.advance(5_000);
  expect(newest(2).asked).toEqual(["leave", "lose"]);
  await newest(2).end("lost");
  await left;
  expect(held.all()).toEqual([]);
  await held.assigned([3]);
  expect(held.all()).toEqual([]);
});
