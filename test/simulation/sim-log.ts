/** The log as one process meets it: over a network that delays, repeats, fails and loses answers. */

import type { Durable } from "../../domain/ports/durable.ts";
import {
  type Appended,
  type Delivered,
  type Entry,
  type EventLog,
  type From,
  LogUnavailableError,
  type Subscription,
  type TopicName,
} from "../../domain/ports/event-log.ts";
import type { Coordinator } from "./coordinator.ts";
import type { Incarnation } from "./incarnation.ts";
import { acknowledge, canRead, canWrite, type LogWorld, proof, REFUSED_MS, travel } from "./log-world.ts";
import { delivered } from "./sim-store.ts";

/** Whoever can't reach the log looks again after this. */
const RECONNECT_MS = 500;
const BATCH_MAX = 50;
const REWIND_MAX = 3;

type Handler<Topic extends TopicName> = (records: readonly Delivered<Topic>[]) => void | Promise<void>;

function append<Topic extends TopicName>(
  world: LogWorld,
  life: Incarnation,
  topic: Topic,
  entries: readonly Entry<Topic>[],
): Promise<Appended> {
  const { timeline, dice, store } = world;
  const { promise, resolve, reject } = Promise.withResolvers<Appended>();
  travel(world, () => {
    if (!canWrite(world, life, topic) || dice.happens(world.faults().appendFails)) {
      timeline.at(REFUSED_MS, life, () => reject(new LogUnavailableError("the log takes nothing")));
      return;
    }
    const write = store.write({ [topic]: entries });
    const positions = entries.map((entry) => store.positionOf(topic, entry));
    acknowledge(world, life, write, {
      yes: () => resolve({ durable: proof(timeline), positions }),
      no: reject,
    });
  });
  return promise;
}

function follow<Topic extends TopicName>(
  world: LogWorld,
  life: Incarnation,
  topic: Topic,
  from: From,
  onRecords: Handler<Topic>,
): Subscription {
  const { timeline, dice, store } = world;
  const partitions = Array.from({ length: store.partitionCount(topic) }, (_, index) => index);
  const lengthOf = (partition: number): number => store.records(topic, partition).length;
  const targets = partitions.map(lengthOf);
  const cursors = partitions.map((partition) => {
    if (from === "start") return 0;
    if (from === "end") return lengthOf(partition);
    return store.indexAfter(topic, partition, from.after.get(partition) ?? -1);
  });
  const at = (partition: number): number => cursors[partition] ?? 0;
  const caughtUp = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<void>();
  ended.promise.catch(() => undefined);
  let stopped = false;
  let scheduled = false;
  let busy = false;

  async function handOverOf(partition: number): Promise<void> {
    const cursor = at(partition);
    if (cursor >= lengthOf(partition)) return;
    const batch = store.records(topic, partition).slice(cursor, cursor + BATCH_MAX);
    const rewind = dice.happens(world.faults().repeated) ? dice.between(1, REWIND_MAX) : 0;
    cursors[partition] = Math.max(0, cursor + batch.length - rewind);
    await onRecords(batch.map((record) => delivered(topic, partition, record)));
  }

  async function handOver(): Promise<void> {
    for (const partition of partitions) await handOverOf(partition);
    if (targets.every((target, partition) => at(partition) >= target)) caughtUp.resolve();
    busy = false;
    if (partitions.some((partition) => at(partition) < lengthOf(partition))) wake();
  }

  function wake(delayMs = dice.between(0, world.faults().deliveryMsMax)): void {
    if (scheduled || stopped || !life.alive) return;
    scheduled = true;
    timeline.at(delayMs, life, () => {
      scheduled = false;
      if (stopped || busy) return;
      if (!canRead(world, life, topic)) return wake(RECONNECT_MS);
      busy = true;
      handOver().catch(ended.reject);
    });
  }

  const silence = store.onWrite(topic, () => {
    if (life.alive) wake();
    else silence();
  });
  wake();
  return {
    caughtUp: caughtUp.promise,
    ended: ended.promise,
    stop() {
      stopped = true;
      silence();
      return Promise.resolve();
    },
  };
}

export function openSimLog(world: LogWorld, life: Incarnation, coordinator: Coordinator): EventLog {
  const { timeline, store } = world;
  return {
    partitionCount: (topic) => store.partitionCount(topic),
    append: (topic, entries) => append(world, life, topic, entries),
    appendAhead: async (topic, entries) => (await append(world, life, topic, entries)).positions,
    follow: (topic, from, onRecords) => follow(world, life, topic, from, onRecords),
    work: (_group, makeTask) => coordinator.join(world, life, makeTask),
    async *read(topic, partition, { from = 0, to = Number.POSITIVE_INFINITY } = {}) {
      const records = store
        .records(topic, partition)
        .filter(({ offset }) => offset >= from && offset < to)
        .map((record) => delivered(topic, partition, record));
      if (records.length > 0) yield records;
    },
    durable() {
      const { promise, resolve } = Promise.withResolvers<Durable>();
      timeline.at(store.durableInMs(store.lastWrite()), life, () => resolve(proof(timeline)));
      return promise;
    },
    close: () => Promise.resolve(),
  };
}
