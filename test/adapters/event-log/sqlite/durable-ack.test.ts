import { expect, test } from "vitest";
import { createDurableAck, type Sync } from "../../../../adapters/event-log/sqlite/durable-ack.ts";

/** A disk that syncs when told to. */
function manualDisk(): { readonly sync: Sync; readonly started: () => number; finish(error?: Error): void } {
  const pending: ((error: Error | null) => void)[] = [];
  let count = 0;
  return {
    sync(done) {
      count += 1;
      pending.push(done);
    },
    started: () => count,
    finish: (error) => pending.shift()?.(error ?? null),
  };
}

test("who waits while a sync runs shares the next one: it began after their commits", async () => {
  const disk = manualDisk();
  const ack = createDurableAck(disk.sync, () => undefined);
  const order: string[] = [];
  const first = ack.durable().then(() => order.push("first"));
  const late = ["second", "third"].map((name) => ack.durable().then(() => order.push(name)));
  expect(disk.started()).toBe(1);
  disk.finish();
  await first;
  expect(order).toEqual(["first"]);
  expect(disk.started()).toBe(2);
  disk.finish();
  await Promise.all(late);
  expect(order).toEqual(["first", "second", "third"]);
  expect(disk.started()).toBe(2);
});

test("a failed sync is told once, and nobody is ever told that his record is durable", async () => {
  const disk = manualDisk();
  const failures: Error[] = [];
  const ack = createDurableAck(disk.sync, (error) => failures.push(error));
  let told = false;
  async function wait(): Promise<void> {
    await ack.durable();
    told = true;
  }
  void wait();
  disk.finish(new Error("EIO"));
  await Promise.resolve();
  expect(failures.map((error) => error.message)).toEqual(["EIO"]);
  expect(told).toBe(false);
});
