/**
 * One partition in this process's hands, from the marks to the end: restore, resume, feed, and drop on any
 * doubt. Nothing is repaired in place: whatever fails ends this ownership, and the worker takes another with a
 * new epoch and a new task.
 */
import { setImmediate } from "node:timers/promises";
import type { Committed, Entry, Outputs, Ownership, Task, TopicName } from "../../domain/ports/event-log.ts";
import { OwnershipLostError } from "../../domain/ports/event-log.ts";
import type { Taken } from "./log-store.ts";
import { patiently } from "./patiently.ts";
import { type RecordToStore, toDelivered, toStore } from "./stored-record.ts";
import { createWaker } from "./waker.ts";
import { provenDurable, type Wiring } from "./wiring.ts";

/** Inputs handed to a task at once; their outputs make one transaction. */
export const INPUT_BATCH_MAX = 100;
/** Records read at once while a task is restored; between them the event loop gets its turn. */
export const RESTORE_BATCH_MAX = 1_000;

export type PartitionEnd = {
  /** `lost`: to somebody else. `left`: given up on request. `failed`: by an error; take it again. */
  readonly how: "lost" | "left" | "failed";
  readonly error: unknown;
  /** Whether it ever committed: a task that fails before that will probably fail again. */
  readonly committed: boolean;
};

export type OwnedPartition = {
  readonly taken: Taken;
  /** Resolves, never rejects. */
  readonly ended: Promise<PartitionEnd>;
  /** Somebody else has it: nothing more may be written. */
  readonly lose: () => void;
  /** Lets the commits under way finish, then drops the task. */
  readonly leave: () => void;
};

export function ownPartition(
  wiring: Wiring,
  taken: Taken,
  makeTask: (ownership: Ownership) => Task,
): OwnedPartition {
  const { store, counts } = wiring;
  const { group, partition, epoch } = taken.claim;
  const lost = new AbortController();
  const waker = createWaker();
  const silence = store.onChange(waker.ring);
  const ended = Promise.withResolvers<PartitionEnd>();
  let over = false;
  let leaving = false;
  let feeding = true;
  let committing = 0;
  let committed = false;
  let eventsUpTo: number | null = null;
  let task: Task | null = null;

  function end(how: PartitionEnd["how"], error: unknown): void {
    if (over) return;
    over = true;
    silence();
    waker.ring();
    lost.abort(error);
    dropTask();
    ended.resolve({ how, error, committed });
  }

  function dropTask(): void {
    try {
      task?.drop();
    } catch (error) {
      // A task that can't even let go must not keep its partition: the operator hears of it, nobody waits.
      wiring.operatorLog.error("a dropped task threw", { partition, epoch, error });
    }
  }

  const isLeft = (): boolean => over || leaving;

  function leaveWhenIdle(): void {
    if (leaving && !feeding && committing === 0) end("left", null);
  }

  async function commit(outputs: Outputs): Promise<Committed> {
    if (over) throw new OwnershipLostError(`partition ${partition}, epoch ${epoch}: no longer owned here`);
    committing += 1;
    try {
      const records = encodeOutputs(outputs);
      const positions = await store.commit(taken.claim, records, outputs.handledUpTo);
      const newest = positions[outputs.events.length - 1];
      if (newest !== undefined) eventsUpTo = newest.offset;
      const upTo = eventsUpTo;
      await store.durable();
      committed = true;
      return { durable: provenDurable(wiring.clock.now()), eventsUpTo: upTo };
    } catch (error) {
      end(error instanceof OwnershipLostError ? "lost" : "failed", error);
      throw error;
    } finally {
      committing -= 1;
      leaveWhenIdle();
    }
  }

  function encodeOutputs(outputs: Outputs): readonly RecordToStore[] {
    return [
      ...outputs.events.map((entry) => encodeOwn("events", entry)),
      ...outputs.state.map((entry) => encodeOwn("state", entry)),
      ...outputs.offers.map((entry) => toStore(counts, "offers", entry)),
    ];
  }

  function encodeOwn<Topic extends "events" | "state">(topic: Topic, entry: Entry<Topic>): RecordToStore {
    const record = toStore(counts, topic, entry);
    if (record.partition === partition) return record;
    throw new Error(
      `${topic}: slot ${entry.slot} is partition ${record.partition}, the owner has ${partition}`,
    );
  }

  /** Hands every record from `from` up to the own mark to `restore`. */
  async function restoreUpTo<Topic extends TopicName>(
    topic: Topic,
    range: { readonly from: number; readonly mark: number },
    restore: (record: ReturnType<typeof toDelivered<Topic>>) => void,
  ): Promise<void> {
    let next = range.from;
    while (next < range.mark && !isLeft()) {
      const bounds = { from: next, to: range.mark, limit: RESTORE_BATCH_MAX };
      const records = await patiently(() => store.readBatch(topic, partition, bounds));
      const last = records.at(-1);
      if (last === undefined) return;
      for (const record of records) restore(toDelivered(topic, partition, record));
      next = last.offset + 1;
      await setImmediate();
    }
  }

  async function restoreTask(restored: Task): Promise<number> {
    await restoreUpTo("state", { from: 0, mark: taken.stateMark }, (record) => restored.restoreState(record));
    if (isLeft()) return 0;
    const known = restored.eventsKnownUpTo() ?? -1;
    await restoreUpTo("events", { from: known + 1, mark: taken.eventsMark }, (record) =>
      restored.restoreEvent(record),
    );
    if (isLeft()) return 0;
    const position = await patiently(() => store.committedOffset(group, partition));
    return (restored.resumeAfter(position) ?? -1) + 1;
  }

  async function feed(fed: Task, from: number): Promise<void> {
    let next = from;
    while (!isLeft()) {
      const bounds = { from: next, to: Number.MAX_SAFE_INTEGER, limit: INPUT_BATCH_MAX };
      const records = await patiently(() => store.readBatch("requests", partition, bounds));
      if (isLeft()) return;
      const last = records.at(-1);
      if (last === undefined) {
        await waker.wait();
      } else {
        next = last.offset + 1;
        await fed.handle(records.map((record) => toDelivered("requests", partition, record)));
      }
    }
  }

  async function run(): Promise<void> {
    try {
      const made = makeTask({ partition, epoch, lost: lost.signal, commit });
      task = made;
      await feed(made, await restoreTask(made));
    } catch (error) {
      end(error instanceof OwnershipLostError ? "lost" : "failed", error);
    }
    feeding = false;
    leaveWhenIdle();
  }

  void run();
  return {
    taken,
    ended: ended.promise,
    lose: () => end("lost", new OwnershipLostError(`partition ${partition}: taken by somebody else`)),
    leave() {
      leaving = true;
      waker.ring();
      leaveWhenIdle();
    },
  };
}
