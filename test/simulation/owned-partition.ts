/** One partition in one process's hands: restore, resume, feed, commit, and drop on any doubt. */
import {
  type Committed,
  type Delivered,
  LogUnavailableError,
  type Outputs,
  type Ownership,
  OwnershipLostError,
  type Task,
} from "../../domain/ports/event-log.ts";
import type { Incarnation } from "./incarnation.ts";
import { acknowledge, canRead, canWrite, type LogWorld, proof, REFUSED_MS, travel } from "./log-world.ts";
import { delivered } from "./sim-store.ts";
import { batchOf, positionOf, tear } from "./torn-commit.ts";

export type TakenPartition = {
  readonly partition: number;
  readonly epoch: number;
  /** Where the owner's marks stand, by their index. */
  readonly stateMark: number;
  readonly eventsMark: number;
};
export type OwnedPartition = { readonly lose: () => void };

const RESTORE_MS_MAX = 200;
/** Whoever can't reach the log looks again after this. */
const RECONNECT_MS = 500;
const BATCH_MAX = 20;
/** How often an owner meets a changelog that has been compacted. */
const COMPACTED = 0.7;

export function ownPartition(
  world: LogWorld,
  life: Incarnation,
  taken: TakenPartition,
  makeTask: (ownership: Ownership) => Task,
  onEnd: () => void,
): OwnedPartition {
  const { timeline, dice, store } = world;
  const { partition, epoch } = taken;
  const lost = new AbortController();
  let over = false;
  let busy = false;
  let scheduled = false;
  let restored = false;
  /** Index of the next input. */
  let cursor = 0;
  let eventsUpTo: number | null = null;

  const task = makeTask({ partition, epoch, lost: lost.signal, commit });

  function end(): void {
    if (over) return;
    over = true;
    silence();
    lost.abort("gone");
    task.drop();
    onEnd();
  }

  function isFenced(): boolean {
    const lease = store.lease(partition);
    return !world.unfenced && (lease.epoch !== epoch || lease.holder !== life);
  }

  function refusal(): Error | null {
    if (!canWrite(world, life, "events")) return new LogUnavailableError("the log takes nothing");
    if (isFenced()) return new OwnershipLostError("the partition has a newer owner");
    if (dice.happens(world.faults().appendFails)) return new LogUnavailableError("the commit failed");
    return null;
  }

  function failure(outputs: Outputs): Error | null {
    const refused = refusal();
    if (refused !== null) return refused;
    const missing = tear(world, outputs, partition);
    return missing === null ? null : new LogUnavailableError(`the transaction was torn: ${missing}`);
  }

  function commit(outputs: Outputs): Promise<Committed> {
    const { promise, resolve, reject } = Promise.withResolvers<Committed>();
    const refuse = (error: Error): void => {
      if (world.repairs && !(error instanceof OwnershipLostError)) {
        return resolve({ durable: proof(timeline), eventsUpTo });
      }
      end();
      reject(error);
    };
    if (over) return Promise.reject(new OwnershipLostError("no longer owned here"));
    travel(world, () => {
      const failed = failure(outputs);
      if (failed !== null) {
        timeline.at(REFUSED_MS, life, () => refuse(failed));
        return;
      }
      const write = store.write(batchOf(outputs), positionOf(outputs, partition));
      if (outputs.events.length > 0) eventsUpTo = store.records("events", partition).at(-1)?.offset ?? null;
      const upTo = eventsUpTo;
      acknowledge(world, life, write, {
        yes: () => resolve({ durable: proof(timeline), eventsUpTo: upTo }),
        no: refuse,
      });
    });
    return promise;
  }

  function restore(): void {
    for (const record of restorable()) task.restoreState(record);
    const known = store.indexAfter("events", partition, task.eventsKnownUpTo() ?? -1);
    for (const record of store.records("events", partition).slice(known, taken.eventsMark)) {
      task.restoreEvent(delivered("events", partition, record));
    }
    const after = task.resumeAfter(store.position(partition)) ?? -1;
    cursor = store.indexAfter("requests", partition, after);
    // A group whose positions were lost or set back gives old input again: that must change nothing.
    if (dice.happens(world.faults().repeated)) cursor = dice.between(0, cursor);
    restored = true;
    wake();
  }

  /** As it stands, or compacted: the owner must not see a difference. */
  function restorable(): Delivered<"state">[] {
    const records = store.records("state", partition).slice(0, taken.stateMark);
    if (!dice.happens(COMPACTED)) return records.map((record) => delivered("state", partition, record));
    const newest = new Map(records.map((record) => [record.key, record.offset]));
    return records
      .filter((record) => record.message !== null && newest.get(record.key) === record.offset)
      .map((record) => delivered("state", partition, record));
  }

  const inputs = () => store.records("requests", partition);

  async function feed(): Promise<void> {
    const batch = inputs().slice(cursor, cursor + dice.between(1, BATCH_MAX));
    if (batch.length === 0) return;
    cursor += dice.happens(world.faults().repeated) ? dice.between(0, batch.length) : batch.length;
    await task.handle(batch.map((record) => delivered("requests", partition, record)));
  }

  async function feedOnce(): Promise<void> {
    await feed();
    busy = false;
    if (cursor < inputs().length) wake();
  }

  function wake(delayMs = dice.between(0, world.faults().deliveryMsMax)): void {
    if (scheduled || over || !life.alive) return;
    scheduled = true;
    timeline.at(delayMs, life, () => {
      scheduled = false;
      if (over || busy) return;
      if (!canRead(world, life, "requests")) return wake(RECONNECT_MS);
      busy = true;
      feedOnce().catch(end);
    });
  }

  const silence = store.onWrite("requests", () => {
    if (!life.alive) silence();
    else if (restored) wake();
  });

  function restoreIn(delayMs: number): void {
    timeline.at(delayMs, life, () => {
      if (over) return;
      if (canRead(world, life, "requests")) restore();
      else restoreIn(RECONNECT_MS);
    });
  }
  restoreIn(dice.between(5, RESTORE_MS_MAX));
  return { lose: end };
}
