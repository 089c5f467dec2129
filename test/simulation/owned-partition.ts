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
import { acknowledge, isReachable, type LogWorld, proof, REFUSED_MS, travel } from "./log-world.ts";
import { type Batch, delivered } from "./sim-store.ts";

export type TakenPartition = {
  readonly partition: number;
  readonly epoch: number;
  readonly stateMark: number;
  readonly eventsMark: number;
};
export type OwnedPartition = { readonly lose: () => void };

const RESTORE_MS_MAX = 200;
const BATCH_MAX = 20;

const batchOf = ({ events, state, offers }: Outputs): Batch => ({ events, state, offers });

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
  let cursor = 0;
  let eventsUpTo: number | null = null;

  const task = makeTask({ partition, epoch, lost: lost.signal, commit });

  function end(): void {
    if (over) return;
    over = true;
    silence();
    lost.abort();
    task.drop();
    onEnd();
  }

  function isFenced(): boolean {
    const lease = store.lease(partition);
    return !world.unfenced && (lease.epoch !== epoch || lease.holder !== life);
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
      const failure = refusal() ?? tear(outputs);
      if (failure !== null) {
        timeline.at(REFUSED_MS, life, () => refuse(failure));
        return;
      }
      const write = store.write(batchOf(outputs), positionOf(outputs));
      if (outputs.events.length > 0) eventsUpTo = store.records("events", partition).length - 1;
      const upTo = eventsUpTo;
      acknowledge(world, life, write, {
        yes: () => resolve({ durable: proof(timeline), eventsUpTo: upTo }),
        no: refuse,
      });
    });
    return promise;
  }

  function refusal(): Error | null {
    if (!isReachable(world, life)) return new LogUnavailableError("the log takes nothing");
    if (isFenced()) return new OwnershipLostError("the partition has a newer owner");
    if (dice.happens(world.faults().appendFails)) return new LogUnavailableError("the commit failed");
    return null;
  }

  /** A transaction that the log broke: the half that is there must do. */
  function tear(outputs: Outputs): Error | null {
    if (!dice.happens(world.faults().torn)) return null;
    const way = dice.pick(["position-lost", "outputs-lost", "state-lost"] as const);
    if (way === "position-lost") store.write(batchOf(outputs));
    if (way === "outputs-lost") store.write({}, positionOf(outputs));
    if (way === "state-lost") store.write({ ...batchOf(outputs), state: [] }, positionOf(outputs));
    return new LogUnavailableError(`the transaction was torn: ${way}`);
  }

  function positionOf({ handledUpTo }: Outputs): { partition: number; offset: number } | undefined {
    return handledUpTo === null ? undefined : { partition, offset: handledUpTo };
  }

  function restore(): void {
    if (over) return;
    for (const record of restorable()) task.restoreState(record);
    const known = task.eventsKnownUpTo() ?? -1;
    for (const record of store.records("events", partition).slice(known + 1, taken.eventsMark)) {
      task.restoreEvent(delivered("events", partition, record));
    }
    cursor = (task.resumeAfter(store.position(partition)) ?? -1) + 1;
    // A group whose positions were lost or set back gives old input again: that must change nothing.
    if (dice.happens(world.faults().repeated)) cursor = dice.between(0, cursor);
    wake();
  }

  /** As it stands, or compacted: the owner must not see a difference. */
  function restorable(): Delivered<"state">[] {
    const records = store.records("state", partition).slice(0, taken.stateMark);
    if (dice.happens(0.5)) return records.map((record) => delivered("state", partition, record));
    const newest = new Map(records.map((record) => [record.key, record.offset]));
    return records
      .filter((record) => record.message !== null && newest.get(record.key) === record.offset)
      .map((record) => delivered("state", partition, record));
  }

  async function feed(): Promise<void> {
    const batch = store.records("requests", partition).slice(cursor, cursor + dice.between(1, BATCH_MAX));
    if (batch.length === 0) return;
    cursor += dice.happens(world.faults().repeated) ? dice.between(0, batch.length) : batch.length;
    await task.handle(batch.map((record) => delivered("requests", partition, record)));
  }

  async function feedOnce(): Promise<void> {
    await feed();
    busy = false;
    if (cursor < store.records("requests", partition).length) wake();
  }

  function wake(): void {
    if (scheduled || over || !life.alive) return;
    scheduled = true;
    timeline.at(dice.between(0, world.faults().deliveryMsMax), life, () => {
      scheduled = false;
      if (over || busy) return;
      if (!isReachable(world, life)) return wake();
      busy = true;
      feedOnce().catch(end);
    });
  }

  const silence = store.onWrite((topics) => {
    if (!life.alive) silence();
    else if (restored && topics.includes("requests")) wake();
  });
  let restored = false;
  timeline.at(dice.between(5, RESTORE_MS_MAX), life, () => {
    restored = true;
    restore();
  });
  return { lose: end };
}
