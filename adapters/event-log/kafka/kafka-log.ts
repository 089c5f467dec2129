/** The four verbs over Kafka. The same promises as the embedded log, on any number of machines. */
import type { Clock } from "../../../domain/ports/clock.ts";
import type {
  Appended,
  Delivered,
  Entry,
  EventLog,
  Position,
  Subscription,
  TopicName,
  Worker,
} from "../../../domain/ports/event-log.ts";
import type { OperatorLog } from "../../../domain/ports/operator-log.ts";
import { APPEND_RECORDS_MAX, READ_BATCH_MAX } from "../log-over-store.ts";
import { type PartitionCounts, partitionOf } from "../partitions.ts";
import { RecordTooLargeError } from "../stored-record.ts";
import { provenDurable } from "../wiring.ts";
import { createAppender } from "./appender.ts";
import type { KafkaDriver, OutgoingRecord } from "./kafka-driver.ts";
import { startKafkaFollower } from "./kafka-follower.ts";
import { toDelivered, toOutgoing } from "./kafka-record.ts";
import { readRange } from "./kafka-replay.ts";
import type { KafkaWiring } from "./kafka-wiring.ts";
import { startKafkaWorker } from "./kafka-worker.ts";
import { createTopicGuard } from "./topic-guard.ts";
import { KAFKA_PARTITIONS, topicNamer } from "./topics.ts";

export type KafkaLogOptions = {
  readonly driver: KafkaDriver;
  readonly clock: Clock;
  /** Unique among the processes of the house, e.g. "dispatcher/4711". */
  readonly owner: string;
  readonly operatorLog: OperatorLog;
  /** Before every topic's name; several houses may share a cluster. Default "reveille.". */
  readonly prefix?: string;
  /** What the topics were made with; never changed. Default `KAFKA_PARTITIONS`. */
  readonly counts?: PartitionCounts;
  /** After so long without a heartbeat another process takes the partitions. Default 10,000 ms. */
  readonly sessionMs?: number;
};

const SESSION_MS = 10_000;

/** Connects at the first use. The topics must be there: see topics.ts. */
export function createKafkaLog(options: KafkaLogOptions): EventLog {
  const { driver, clock, operatorLog, owner, counts = KAFKA_PARTITIONS, sessionMs = SESSION_MS } = options;
  const nameOf = topicNamer(options.prefix);
  const reader = driver.openReader();
  const guard = createTopicGuard(reader, counts, nameOf);
  const wiring: KafkaWiring = { driver, reader, guard, counts, clock, operatorLog, owner, sessionMs, nameOf };
  const appender = createAppender(() => driver.openWriter());
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
    // All of them before the first is sent: one that does not fit must leave nothing behind.
    const records = entries.map((entry) => toOutgoing(topic, entry));
    if (records.length > 0) await guard.check(topic);
    const positions = await appendByPartition(topic, entries, records);
    return { durable: provenDurable(clock.now()), positions };
  }

  async function appendByPartition<Topic extends TopicName>(
    topic: Topic,
    entries: readonly Entry<Topic>[],
    records: readonly OutgoingRecord[],
  ): Promise<readonly Position[]> {
    const placed = records.map((record, index) => {
      const slot = entries[index]?.slot;
      if (slot === undefined) throw new Error(`${topic}: record ${index} has no entry`);
      return { record, index, partition: partitionOf(counts, topic, slot) };
    });
    const positions: Position[] = [];
    await Promise.all(
      [...Map.groupBy(placed, ({ partition }) => partition)].map(async ([partition, group]) => {
        const offsets = await appender.append(
          nameOf(topic),
          partition,
          group.map(({ record }) => record),
        );
        for (const [nth, { index }] of group.entries())
          positions[index] = { partition, offset: offsets[nth] ?? 0 };
      }),
    );
    return positions;
  }

  async function* read<Topic extends TopicName>(
    topic: Topic,
    partition: number,
    range: { readonly from?: number; readonly to?: number } = {},
  ): AsyncGenerator<readonly Delivered<Topic>[]> {
    const name = nameOf(topic);
    const { start, end } = (await reader.bounds(name)).get(partition) ?? { start: 0, end: 0 };
    // A read ends where the log ended when it began: a replay must not chase the writers.
    const bounds = { from: Math.max(range.from ?? 0, start), to: Math.min(range.to ?? end, end) };
    for await (const records of readRange(reader, { topic: name, partition }, bounds)) {
      for (let first = 0; first < records.length; first += READ_BATCH_MAX) {
        const batch = records.slice(first, first + READ_BATCH_MAX);
        yield batch.map((record) => toDelivered(topic, partition, record));
      }
    }
  }

  async function closeAll(): Promise<void> {
    await Promise.all([...workers].map((worker) => worker.stop()));
    await Promise.all([...subscriptions].map((subscription) => subscription.stop()));
    await appender.close();
    await reader.close();
  }

  return {
    partitionCount: (topic) => counts[topic],
    append,
    follow(topic, from, onRecords) {
      const subscription = startKafkaFollower(wiring, topic, from, onRecords, () =>
        subscriptions.delete(subscription),
      );
      subscriptions.add(subscription);
      return subscription;
    },
    work(group, makeTask) {
      const worker = startKafkaWorker(wiring, group, makeTask, () => workers.delete(worker));
      workers.add(worker);
      return worker;
    },
    read,
    // What can be read here is below the high watermark: every broker that must have it has it.
    durable: async () => provenDurable(clock.now()),
    close() {
      closed ??= closeAll();
      return closed;
    },
  };
}
