/** The log as one process meets it: over a network that delays, repeats, fails and loses answers. */

import type { Durable } from "../../domain/ports/durable.ts";
import {
  type Appended,
  type Delivered,
  type Entry,
  type EventLog,
  LogUnavailableError,
  type Subscription,
  type TopicName,
} from "../../domain/ports/event-log.ts";
import type { Coordinator } from "./coordinator.ts";
import type { Incarnation } from "./incarnation.ts";
import { acknowledge, isReachable, type LogWorld, proof, REFUSED_MS, travel } from "./log-world.ts";
import { delivered } from "./sim-store.ts";

const BATCH_MAX = 50;
const REWIND_MAX = 3;

export function openSimLog(world: LogWorld, life: Incarnation, coordinator: Coordinator): EventLog {
  const { timeline, dice, store } = world;

  function append<Topic extends TopicName>(
    topic: Topic,
    entries: readonly Entry<Topic>[],
  ): Promise<Appended> {
    const { promise, resolve, reject } = Promise.withResolvers<Appended>();
    travel(world, () => {
      if (!isReachable(world, life) || dice.happens(world.faults().appendFails)) {
        timeline.at(REFUSED_MS, life, () => reject(new LogUnavailableError("the log takes nothing")));
        return;
      }
      const write = store.write({ [topic]: entries });
      acknowledge(world, life, write, {
        yes: () => resolve({ durable: proof(timeline), positions: [] }),
        no: reject,
      });
    });
    return promise;
  }

  function follow<Topic extends TopicName>(
    topic: Topic,
    from: "start" | "end" | { readonly after: ReadonlyMap<number, number> },
    onRecords: (records: readonly Delivered<Topic>[]) => void | Promise<void>,
  ): Subscription {
    const partitions = Array.from({ length: store.partitionCount(topic) }, (_, index) => index);
    const targets = partitions.map((partition) => store.records(topic, partition).length);
    const cursors = partitions.map((partition) => {
      if (from === "start") return 0;
      if (from === "end") return targets[partition] ?? 0;
      return (from.after.get(partition) ?? -1) + 1;
    });
    const caughtUp = Promise.withResolvers<void>();
    const ended = Promise.withResolvers<void>();
    ended.promise.catch(() => undefined);
    let stopped = false;
    let scheduled = false;
    let busy = false;

    async function handOver(): Promise<void> {
      for (const partition of partitions) {
        const cursor = cursors[partition] ?? 0;
        const batch = store.records(topic, partition).slice(cursor, cursor + BATCH_MAX);
        if (batch.length === 0) continue;
        const rewind = dice.happens(world.faults().repeated) ? dice.between(1, REWIND_MAX) : 0;
        cursors[partition] = Math.max(0, cursor + batch.length - rewind);
        await onRecords(batch.map((record) => delivered(topic, partition, record)));
      }
      if (targets.every((target, partition) => (cursors[partition] ?? 0) >= target)) caughtUp.resolve();
      const more = partitions.some(
        (partition) => (cursors[partition] ?? 0) < store.records(topic, partition).length,
      );
      busy = false;
      if (more || !targets.every((target, partition) => (cursors[partition] ?? 0) >= target)) wake();
    }

    function wake(): void {
      if (scheduled || stopped || !life.alive) return;
      scheduled = true;
      timeline.at(dice.between(0, world.faults().deliveryMsMax), life, () => {
        scheduled = false;
        if (stopped || busy) return;
        if (!isReachable(world, life)) return wake();
        busy = true;
        handOver().catch(ended.reject);
      });
    }

    const silence = store.onWrite((topics) => {
      if (!life.alive) silence();
      else if (topics.includes(topic)) wake();
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

  return {
    partitionCount: (topic) => store.partitionCount(topic),
    append,
    follow,
    work: (_group, makeTask) => coordinator.join(world, life, makeTask),
    async *read(topic, partition, range = {}) {
      const records = store.records(topic, partition).slice(range.from ?? 0, range.to);
      if (records.length > 0) yield records.map((record) => delivered(topic, partition, record));
    },
    durable() {
      const { promise, resolve } = Promise.withResolvers<Durable>();
      store.whenDurable(store.lastWrite(), () => timeline.at(0, life, () => resolve(proof(timeline))));
      return promise;
    },
    close: () => Promise.resolve(),
  };
}
