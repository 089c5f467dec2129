/** The four verbs over a store: encoding, partitioning, subscriptions and workers, the same for every embedded log. */
import { setImmediate } from "node:timers/promises";
import type {
  Appended,
  Delivered,
  Entry,
  EventLog,
  Position,
  TopicName,
} from "../../domain/ports/event-log.ts";
import { startFollower } from "./follower.ts";
import { createGivenOut, READ_BATCH_MAX } from "./given-out.ts";
import { patiently } from "./patiently.ts";
import { toDelivered, toProven, toStore } from "./stored-record.ts";
import { provenDurable, type Wiring } from "./wiring.ts";
import { startWorker } from "./worker.ts";

export function logOverStore(wiring: Wiring): EventLog {
  const { store, counts, clock } = wiring;
  const given = createGivenOut(() => store.close());

  /** The store loses nothing but its end, so what is written first outlasts what is written later. */
  async function appendAhead<Topic extends TopicName>(
    topic: Topic,
    entries: readonly Entry<Topic>[],
  ): Promise<readonly Position[]> {
    given.requireAppend(topic, entries.length);
    return store.append(entries.map((entry) => toStore(counts, topic, entry)));
  }

  async function append<Topic extends TopicName>(
    topic: Topic,
    entries: readonly Entry<Topic>[],
  ): Promise<Appended> {
    const positions = await appendAhead(topic, entries);
    await store.durable();
    return { durable: provenDurable(clock.now()), positions };
  }

  async function* read<Topic extends TopicName>(
    topic: Topic,
    partition: number,
    range: { readonly from?: number; readonly to?: number; readonly proofs?: boolean } = {},
  ): AsyncGenerator<readonly Delivered<Topic>[]> {
    let from = range.from ?? 0;
    const deliver = range.proofs === true ? toProven<Topic> : toDelivered<Topic>;
    // A read ends where the log ended when it began: a replay must not chase the writers.
    const end = store.ends(topic)[partition] ?? 0;
    const to = Math.min(range.to ?? end, end);
    while (from < to) {
      const bounds = { from, to, limit: READ_BATCH_MAX };
      const stored = await patiently(() => store.readBatch(topic, partition, bounds));
      const last = stored.at(-1);
      if (last === undefined) return;
      yield stored.map((record) => deliver(topic, partition, record));
      from = last.offset + 1;
      await setImmediate();
    }
  }

  return {
    partitionCount: (topic) => counts[topic],
    append,
    appendAhead,
    follow: (topic, from, onRecords) =>
      given.subscription((onEnd) => startFollower(store, topic, from, onRecords, onEnd)),
    work: (group, makeTask) => given.worker((onEnd) => startWorker(wiring, group, makeTask, onEnd)),
    read,
    async durable() {
      await store.durable();
      return provenDurable(clock.now());
    },
    close: given.close,
  };
}
