/** `work`: this process's share of a group. The membership says which partitions; each is taken, fed and given back here. */
import { milliseconds } from "../../../domain/kernel/time.ts";
import {
  LogUnavailableError,
  type Ownership,
  type Task,
  type Worker,
} from "../../../domain/ports/event-log.ts";
import { COOLING_MS_MAX, LEAVE_WAIT_MS } from "../worker.ts";
import { startInputPump } from "./input-pump.ts";
import { type KafkaPartitionEnd, type OwnedKafkaPartition, ownKafkaPartition } from "./kafka-partition.ts";
import type { KafkaWiring } from "./kafka-wiring.ts";
import { type Membership, startMembership } from "./membership.ts";

const COOLING_MS_FIRST = 50;

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

/** `onEnd` is called when the worker has stopped or failed. */
export function startKafkaWorker(
  wiring: KafkaWiring,
  group: string,
  makeTask: (ownership: Ownership) => Task,
  onEnd: () => void,
): Worker {
  const { driver, clock, counts, operatorLog, sessionMs, nameOf } = wiring;
  const topic = nameOf("requests");
  const held = new Map<number, Held>();
  const positions = new Map<number, number>();
  const told = new Map<number, number>();
  const failed = Promise.withResolvers<void>();
  const pump = startInputPump(driver.openReader(), topic);
  const link = driver.openGroup({ group, topic, sessionMs, rebalanceMs: 2 * sessionMs + LEAVE_WAIT_MS });
  let stopping = false;
  /** In a row. */
  let troubles = 0;

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

  function own(partition: number, one: Held): void {
    const owned = ownKafkaPartition(wiring, { group, partition, pump }, makeTask);
    one.owned = owned;
    void owned.ended.then((end) => settle(partition, one, end));
  }

  function settle(partition: number, one: Held, end: KafkaPartitionEnd): void {
    notePosition(partition, one);
    one.owned = null;
    if (end.how !== "left") {
      const { how, epoch, error } = end;
      operatorLog.warn("a partition was dropped", { group, partition, epoch, how, error });
    }
    if (one.leaving) remove(partition, one);
    else if (end.how === "lost") {
      one.awaitsGroup = true;
      membership.hurry();
    } else coolDown(partition, one, end);
  }

  function notePosition(partition: number, one: Held): void {
    const handled = one.owned?.handledUpTo() ?? null;
    if (handled !== null) positions.set(partition, handled + 1);
  }

  function coolDown(partition: number, one: Held, end: KafkaPartitionEnd): void {
    one.failures = end.committed ? 1 : one.failures + 1;
    const wait = Math.min(COOLING_MS_MAX, COOLING_MS_FIRST * 2 ** Math.min(one.failures, 10));
    one.cancelCooling = clock.schedule(milliseconds(wait), () => own(partition, one));
  }

  function remove(partition: number, one: Held): void {
    one.cancelCooling();
    if (held.get(partition) === one) held.delete(partition);
    one.gone.resolve();
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

  async function assigned(mine: readonly number[]): Promise<boolean> {
    const surplus = [...held.keys()].filter((partition) => !mine.includes(partition));
    await giveBackAll(surplus);
    for (const partition of mine) if (!held.has(partition) && !stopping) take(partition);
    return surplus.length > 0;
  }

  function expelled(): void {
    for (const [partition, one] of held) {
      one.leaving = true;
      if (one.owned === null) remove(partition, one);
      else one.owned.lose();
    }
  }

  function alive(): void {
    troubles = 0;
    for (const [partition, one] of held) {
      if (!one.awaitsGroup || one.leaving || stopping) continue;
      one.awaitsGroup = false;
      own(partition, one);
    }
  }

  function takePositions(): ReadonlyMap<number, number> {
    for (const [partition, one] of held) notePosition(partition, one);
    const news = [...positions].filter(([partition, next]) => (told.get(partition) ?? -1) < next);
    for (const [partition, next] of news) told.set(partition, next);
    positions.clear();
    return new Map(news);
  }

  function trouble(error: unknown): void {
    troubles += 1;
    // A coordinator that has only just been named, or has moved, refuses once: nothing to wake anybody for.
    const tell = troubles === 1 && error instanceof LogUnavailableError ? operatorLog.info : operatorLog.warn;
    tell("no round of the group", { group, error });
  }

  const membership: Membership = startMembership(
    link,
    { clock, sessionMs, partitions: counts.requests },
    { owned: () => [...held.keys()], assigned, alive, expelled, takePositions, trouble },
  );

  async function run(): Promise<void> {
    try {
      await Promise.race([membership.ended, pump.ended]);
    } finally {
      stopping = true;
      expelled();
      membership.stop();
      await Promise.all([...held.values()].map((one) => one.gone.promise));
      await pump.stop();
      await membership.ended.catch(trouble);
      onEnd();
    }
  }

  const finished = run();
  finished.catch(failed.reject);
  // Whoever does not watch a worker learns of its end when it stops it.
  failed.promise.catch(() => undefined);
  return {
    owned: () =>
      [...held]
        .filter(([, one]) => !one.leaving)
        .map(([partition]) => partition)
        .toSorted((a, b) => a - b),
    ended: failed.promise,
    async stop() {
      stopping = true;
      await giveBackAll([...held.keys()]);
      membership.stop();
      await finished.catch(() => undefined);
    },
  };
}
