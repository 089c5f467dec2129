/**
 * One partition in this process's hands, from the fence to the end: take over, restore, feed, and drop on any
 * doubt. A commit that failed has an unknown outcome; nothing is repaired in place, the next restore answers it.
 */
import type { Committed, Outputs, Ownership, Task } from "../../../domain/ports/event-log.ts";
import { OwnershipLostError } from "../../../domain/ports/event-log.ts";
import type { Chain } from "../chain.ts";
import { provenDurable } from "../wiring.ts";
import type { InputPump, Inputs } from "./input-pump.ts";
import type { OutgoingRecord } from "./kafka-driver.ts";
import { nextAfter } from "./kafka-follower.ts";
import { type EncodedOutputs, encodeOutputs, isEmpty, writeOutputs } from "./kafka-outputs.ts";
import { partsOf, toDelivered, withLink } from "./kafka-record.ts";
import { later, restoreTask } from "./kafka-restore.ts";
import type { KafkaWiring } from "./kafka-wiring.ts";
import { type Takeover, takeOver } from "./takeover.ts";

export type KafkaPartitionEnd = {
  /** `lost`: to somebody else. `left`: given up on request. `failed`: by an error; take it again. */
  readonly how: "lost" | "left" | "failed";
  readonly error: unknown;
  /** Whether it ever committed: a task that fails before that will probably fail again. */
  readonly committed: boolean;
  readonly epoch: number | null;
};

export type OwnedKafkaPartition = {
  /** Last input accounted for by a commit or a restore; null: none. */
  readonly handledUpTo: () => number | null;
  /** Resolves, never rejects, when the task is dropped and the writer closed. */
  readonly ended: Promise<KafkaPartitionEnd>;
  /** Somebody else has it: nothing more may be written. */
  readonly lose: () => void;
  /** Lets the commits under way finish, then drops the task. */
  readonly leave: () => void;
};

export function ownKafkaPartition(
  wiring: KafkaWiring,
  place: { readonly group: string; readonly partition: number; readonly pump: InputPump },
  makeTask: (ownership: Ownership) => Task,
): OwnedKafkaPartition {
  const { clock, operatorLog } = wiring;
  const { group, partition, pump } = place;
  const lost = new AbortController();
  const ended = Promise.withResolvers<KafkaPartitionEnd>();
  let result: KafkaPartitionEnd | null = null;
  let leaving = false;
  let starting = true;
  let committing = 0;
  let committed = false;
  let eventsUpTo: number | null = null;
  let handled: number | null = null;
  let taken: Takeover | null = null;
  let task: Task | null = null;
  let inputs: Inputs | null = null;
  let chain: Chain | null = null;
  // One transaction at a time: a writer has no more.
  let turn: Promise<unknown> = Promise.resolve();

  const isLeft = (): boolean => result !== null || leaving;

  function end(how: KafkaPartitionEnd["how"], error: unknown): void {
    if (result !== null) return;
    result = { how, error, committed, epoch: taken?.epoch ?? null };
    inputs?.close();
    lost.abort(error);
    dropTask();
    void closeUp(result);
  }

  function dropTask(): void {
    try {
      task?.drop();
    } catch (error) {
      // A task that can't even let go must not keep its partition: the operator hears of it, nobody waits.
      operatorLog.error("a dropped task threw", { partition, error });
    }
  }

  async function closeUp(how: KafkaPartitionEnd): Promise<void> {
    await taken?.writer.close();
    ended.resolve(how);
  }

  function leaveWhenIdle(): void {
    if (leaving && !starting && committing === 0) end("left", null);
  }

  async function commit(outputs: Outputs): Promise<Committed> {
    if (result !== null || taken === null) {
      throw new OwnershipLostError(`partition ${partition}: no longer owned here`);
    }
    committing += 1;
    try {
      const encoded = encodeOutputs(wiring, partition, outputs);
      const mine = turn.then(() => transact(encoded, outputs.handledUpTo));
      turn = mine.catch(() => undefined);
      await mine;
      committed = true;
      return { durable: provenDurable(clock.now()), eventsUpTo };
    } catch (error) {
      end(error instanceof OwnershipLostError ? "lost" : "failed", error);
      throw error;
    } finally {
      committing -= 1;
      leaveWhenIdle();
    }
  }

  async function transact(encoded: EncodedOutputs, handledUpTo: number | null): Promise<void> {
    if (result !== null || taken === null) {
      throw new OwnershipLostError(`partition ${partition}: dropped before this commit had its turn`);
    }
    const upTo = handledUpTo === null ? handled : Math.max(handled ?? -1, handledUpTo);
    if (!isEmpty(encoded)) {
      const outputs = { ...encoded, events: encoded.events.map(chained) };
      const newest = await writeOutputs(taken.writer, wiring, outputs, upTo);
      eventsUpTo = newest ?? eventsUpTo;
    }
    handled = upTo;
  }

  function chained(record: OutgoingRecord): OutgoingRecord {
    if (chain === null) throw new Error(`partition ${partition}: a commit before its task was restored`);
    return withLink(record, chain.next(partsOf(record)));
  }

  async function feed(fed: Task, from: Inputs): Promise<void> {
    while (!isLeft()) {
      const records = await from.take();
      if (isLeft() || records.length === 0) return;
      await fed.handle(records.map((record) => toDelivered("requests", partition, record, wiring.schemaIds)));
    }
  }

  async function start(): Promise<void> {
    const mine = await takeOver(wiring, group, partition);
    taken = mine;
    // Lost while it was being taken: nobody has seen this writer yet.
    if (result !== null) return mine.writer.close();
    if (leaving) return;
    const made = makeTask({ partition, epoch: mine.epoch, lost: lost.signal, commit });
    task = made;
    const restored = await restoreTask(wiring, { group, partition, isOver: isLeft }, mine, made);
    if (restored === null) return;
    // Before the task goes on: it may commit at once.
    chain = restored.chain;
    handled = later(handled, restored.committed);
    const resume = made.resumeAfter(restored.committed);
    const where = `${wiring.nameOf("requests")}/${partition}`;
    const tapped = pump.open(partition, nextAfter(resume, restored.inputStart, where, partition));
    inputs = tapped;
    // Left while restoring: the end has passed by what was not there yet.
    if (isLeft()) tapped.close();
    await feed(made, tapped);
  }

  async function run(): Promise<void> {
    try {
      await start();
    } catch (error) {
      end(error instanceof OwnershipLostError ? "lost" : "failed", error);
    }
    starting = false;
    leaveWhenIdle();
  }

  void run();
  return {
    handledUpTo: () => handled,
    ended: ended.promise,
    lose: () => end("lost", new OwnershipLostError(`partition ${partition}: taken by somebody else`)),
    leave() {
      leaving = true;
      inputs?.close();
      leaveWhenIdle();
    },
  };
}
