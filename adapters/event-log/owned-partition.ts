/**
 * One partition in this process's hands, from the marks to the end: restore, resume, feed, and drop on any
 * doubt. Nothing is repaired in place: whatever fails ends this ownership, and the worker takes another with a
 * new epoch and a new task.
 */
import type { Committed, Entry, Outputs, Ownership, Position, Task } from "../../domain/ports/event-log.ts";
import { OwnershipLostError } from "../../domain/ports/event-log.ts";
import type { Chain } from "./chain.ts";
import type { Taken } from "./log-store.ts";
import { patiently } from "./patiently.ts";
import { restoreTask } from "./restore.ts";
import { partsOf, type RecordToStore, toDelivered, toStore, withLink } from "./stored-record.ts";
import { createWaker } from "./waker.ts";
import { provenDurable, type Wiring } from "./wiring.ts";

/** Inputs handed to a task at once; their outputs make one transaction. */
export const INPUT_BATCH_MAX = 100;
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
  const { partition, epoch } = taken.claim;
  const lost = new AbortController();
  const waker = createWaker();
  const silence = store.onRecords({ topic: "requests", partition: taken.claim.partition }, waker.ring);
  const ended = Promise.withResolvers<PartitionEnd>();
  let over = false;
  let leaving = false;
  let feeding = true;
  let committing = 0;
  let committed = false;
  let eventsUpTo: number | null = null;
  let task: Task | null = null;
  let chain: Chain | null = null;
  // One commit at a time: each event holds the link of the one before it, which must stand in the log.
  let turn: Promise<unknown> = Promise.resolve();

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
      const mine = turn.then(() => write(records, outputs.handledUpTo));
      turn = mine.catch(() => undefined);
      const positions = await mine;
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

  async function write(
    records: readonly RecordToStore[],
    handledUpTo: number | null,
  ): Promise<readonly Position[]> {
    if (over) throw new OwnershipLostError(`partition ${partition}: dropped before this commit had its turn`);
    return store.commit(taken.claim, records.map(chained), handledUpTo);
  }

  function chained(record: RecordToStore): RecordToStore {
    if (record.topic !== "events") return record;
    if (chain === null) throw new Error(`partition ${partition}: a commit before its task was restored`);
    return withLink(record, chain.next(partsOf(record)));
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
      const restored = await restoreTask(store, taken, made, isLeft);
      if (restored !== null && !isLeft()) {
        // Before the task goes on: it may commit at once.
        chain = restored.chain;
        await feed(made, (made.resumeAfter(restored.committed) ?? -1) + 1);
      }
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
