/** The four verbs over a store: encoding, partitioning, subscriptions and workers, the same for every embedded log. */
import { setImmediate } from "node:timers/promises";
import type {
  Appended,
  Delivered,
  Entry,
  EventLog,
  Subscription,
  TopicName,
  Worker,
} from "../../domain/ports/event-log.ts";
import { startFollower } from "./follower.ts";
import { patiently } from "./patiently.ts";
import { RecordTooLargeError, toDelivered, toStore } from "./stored-record.ts";
import { provenDurable, type Wiring } from "./wiring.ts";
import { startWorker } from "./worker.ts";

/** Records of one append: it is one transaction, and everybody else waits for that. */
export const APPEND_RECORDS_MAX = 10_000;
/** Records in one batch of `read`. */
export const READ_BATCH_MAX = 500;

export function logOverStore(wiring: Wiring): EventLog {
  const { store, counts, clock } = wiring;
  const subscriptions = new Set<Subscription>();
  const workers = new Set<Worker>();
  let closed: Promise<void> | null = null;

  async function append<Topic extends TopicName>(
    topic: Topic,
    entries: readonly Entry<Topic>[],
  ): Promise<Appended> {
    if (closed !== null) throw new Error(`log: an append to ${topic} after it was closed by its own process`);
    if (entries.length > APPEND_RECORDS_MAX) {
      throw new RecordTooLargeError(
        `${topic}: an append of ${entries.length} records; at most ${APPEND_RECORDS_MAX}, split it`,
      );
    }
    const positions = await store.append(entries.map((entry) => toStore(counts, topic, entry)));
    await store.durable();
    return { durable: provenDurable(clock.now()), positions };
  }

  async function* read<Topic extends TopicName>(
    topic: Topic,
    partition: number,
    range: { readonly from?: number; readonly to?: number } = {},
  ): AsyncGenerator<readonly Delivered<Topic>[]> {
    let from = range.from ?? 0;
    // A read ends where the log ended when it began: a replay must not chase the writers.
    const end = store.ends(topic)[partition] ?? 0;
    const to = Math.min(range.to ?? end, end);
    while (from < to) {
      const bounds = { from, to, limit: READ_BATCH_MAX };
      const stored = await patiently(() => store.readBatch(topic, partition, bounds));
      const last = stored.at(-1);
      if (last === undefined) return;
      yield stored.map((record) => toDelivered(topic, partition, record));
      from = last.offset + 1;
      await setImmediate();
    }
  }

  async function closeAll(): Promise<void> {
    await Promise.all([...workers].map((worker) => worker.stop()));
    await Promise.all([...subscriptions].map((subscription) => subscription.stop()));
    await store.close();
  }

  return {
    partitionCount: (topic) => counts[topic],
    append,
    follow(topic, from, onRecords) {
      const subscription = startFollower(store, topic, from, onRecords, () =>
        subscriptions.delete(subscription),
      );
      subscriptions.add(subscription);
      return subscription;
    },
    work(group, makeTask) {
      const worker = startWorker(wiring, group, makeTask, () => workers.delete(worker));
      workers.add(worker);
      return worker;
    },
    read,
    async durable() {
      await store.durable();
      return provenDurable(clock.now());
    },
    close() {
      closed ??= closeAll();
      return closed;
    },
  };
}
