/**
 * The partitions in a worker's hands, between what the group says and what becomes of each task: taken, rested
 * after a failure, given back, lost. One that was lost may still be closing its writer when the group gives it to
 * us again: then it is taken when that is done.
 */
import { milliseconds } from "../../../domain/kernel/time.ts";
import type { Clock } from "../../../domain/ports/clock.ts";
import { coolingAfter, failuresInRow } from "../cooling.ts";
import { LEAVE_WAIT_MS } from "../worker.ts";
import type { KafkaPartitionEnd, OwnedKafkaPartition } from "./kafka-partition.ts";

type Held = {
  /** Null while it cools down, or waits for the group to confirm it. */
  owned: OwnedKafkaPartition | null;
  failures: number;
  /** Lost to somebody: taken again only after the group has said that it is still ours. */
  awaitsGroup: boolean;
  leaving: boolean;
  cancelCooling: () => void;
  readonly gone: PromiseWithResolvers<void>;
};

export type HeldPartitions = {
  /** Those on their way out, too. */
  all(): readonly number[];
  /** Without those on their way out; in order. */
  kept(): readonly number[];
  /** By the group's word: gives back what is missing, takes what is new. True: some was given back. */
  assigned(mine: readonly number[]): Promise<boolean>;
  /** Everything belongs to others now. */
  expelled(): void;
  /** The group still counts on us: what was lost meanwhile is taken again. */
  alive(): void;
  /** Next input of each partition that has gone on since the last call, as Kafka counts. */
  takePositions(): ReadonlyMap<number, number>;
  /** Takes nothing more, and gives everything back, its commits done. */
  leave(): Promise<void>;
  /** Takes nothing more, and lets go at once; resolves when the last task is dropped. */
  abandon(): Promise<void>;
};

export type HeldPartitionsPorts = {
  readonly own: (partition: number) => OwnedKafkaPartition;
  readonly clock: Pick<Clock, "schedule">;
  /** Not of one that was given back on request. */
  readonly onDropped: (partition: number, end: KafkaPartitionEnd) => void;
  /** The group should be asked soon whether we are still in it. */
  readonly onLost: () => void;
};

export function createHeldPartitions(ports: HeldPartitionsPorts): HeldPartitions {
  const { clock, onDropped, onLost } = ports;
  const held = new Map<number, Held>();
  const positions = new Map<number, number>();
  const told = new Map<number, number>();
  /** By the group's last word. */
  let assignment: readonly number[] = [];
  let stopping = false;

  function take(partition: number): void {
    const one: Held = {
      owned: null,
      failures: 0,
      awaitsGroup: false,
      leaving: false,
      cancelCooling: () => undefined,
      gone: Promise.withResolvers<void>(),
    };
    held.set(partition, one);
    own(partition, one);
  }

  function takeMissing(): void {
    if (stopping) return;
    for (const partition of assignment) if (!held.has(partition)) take(partition);
  }

  function own(partition: number, one: Held): void {
    const owned = ports.own(partition);
    one.owned = owned;
    void owned.ended.then((end) => settle(partition, one, end));
  }

  function settle(partition: number, one: Held, end: KafkaPartitionEnd): void {
    notePosition(partition, one);
    one.owned = null;
    if (end.how !== "left") onDropped(partition, end);
    if (one.leaving) remove(partition, one);
    else if (end.how === "lost") {
      one.awaitsGroup = true;
      onLost();
    } else coolDown(partition, one, end);
  }

  function notePosition(partition: number, one: Held): void {
    const handled = one.owned?.handledUpTo() ?? null;
    if (handled !== null) positions.set(partition, handled + 1);
  }

  function coolDown(partition: number, one: Held, end: KafkaPartitionEnd): void {
    one.failures = failuresInRow(one.failures, end);
    one.cancelCooling = clock.schedule(coolingAfter(one.failures), () => own(partition, one));
  }

  function remove(partition: number, one: Held): void {
    one.cancelCooling();
    if (held.get(partition) === one) held.delete(partition);
    one.gone.resolve();
    // The group may have given it to us again while this task was still closing.
    takeMissing();
  }

  async function giveBack(partition: number, one: Held): Promise<void> {
    one.leaving = true;
    one.cancelCooling();
    const { owned } = one;
    if (owned === null) return remove(partition, one);
    const cancel = clock.schedule(milliseconds(LEAVE_WAIT_MS), owned.lose);
    owned.leave();
    await one.gone.promise;
    cancel();
  }

  async function giveBackAll(partitions: readonly number[]): Promise<void> {
    await Promise.all(
      partitions.map(async (partition) => {
        const one = held.get(partition);
        if (one !== undefined) await giveBack(partition, one);
      }),
    );
  }

  function expelled(): void {
    assignment = [];
    for (const [partition, one] of held) {
      one.leaving = true;
      if (one.owned === null) remove(partition, one);
      else one.owned.lose();
    }
  }

  return {
    all: () => [...held.keys()],
    kept: () =>
      [...held]
        .filter(([, one]) => !one.leaving)
        .map(([partition]) => partition)
        .toSorted((a, b) => a - b),
    async assigned(mine) {
      assignment = mine;
      const surplus = [...held.keys()].filter((partition) => !mine.includes(partition));
      await giveBackAll(surplus);
      takeMissing();
      return surplus.length > 0;
    },
    expelled,
    alive() {
      for (const [partition, one] of held) {
        if (!one.awaitsGroup || one.leaving || stopping) continue;
        one.awaitsGroup = false;
        own(partition, one);
      }
    },
    takePositions() {
      for (const [partition, one] of held) notePosition(partition, one);
      const news = [...positions].filter(([partition, next]) => (told.get(partition) ?? -1) < next);
      for (const [partition, next] of news) told.set(partition, next);
      positions.clear();
      return new Map(news);
    },
    async leave() {
      stopping = true;
      await giveBackAll([...held.keys()]);
    },
    async abandon() {
      stopping = true;
      expelled();
      await Promise.all([...held.values()].map((one) => one.gone.promise));
    },
  };
}
