/** The four verbs over Kafka. The same promises as the embedded log, on any number of machines. */
import type { Clock } from "../../../domain/ports/clock.ts";
import type {
  Appended,
  Delivered,
  Entry,
  EventLog,
  Position,
  TopicName,
} from "../../../domain/ports/event-log.ts";
import type { OperatorLog } from "../../../domain/ports/operator-log.ts";
import { LOCK_IDS, type SchemaIds } from "../../../schemas/schema-ids.ts";
import { createGivenOut, READ_BATCH_MAX } from "../given-out.ts";
import { type PartitionCounts, partitionOf } from "../partitions.ts";
import { provenDurable } from "../wiring.ts";
import { createAppender } from "./appender.ts";
import type { KafkaDriver, OutgoingRecord } from "./kafka-driver.ts";
import { startKafkaFollower } from "./kafka-follower.ts";
import { toDelivered, toOutgoing, toProven } from "./kafka-record.ts";
import { readRange } from "./kafka-replay.ts";
import type { KafkaWiring } from "./kafka-wiring.ts";
import { startKafkaWorker } from "./kafka-worker.ts";
import { learningDriver } from "./schema-learning.ts";
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
  /** The numbers of schemas that records carry. Default: those of the lock; see adapters/schema-registry. */
  readonly schemaIds?: SchemaIds;
  /** After so long without a heartbeat another process takes the partitions. Default 10,000 ms. */
  readonly sessionMs?: number;
};

const SESSION_MS = 10_000;

/** Connects at the first use. The topics must be there: see topics.ts. */
export function createKafkaLog(options: KafkaLogOptions): EventLog {
  const { clock, operatorLog, owner, counts = KAFKA_PARTITIONS, sessionMs = SESSION_MS } = options;
  const schemaIds = options.schemaIds ?? LOCK_IDS;
  const driver = learningDriver(options.driver, schemaIds);
  const nameOf = topicNamer(options.prefix);
  const reader = driver.openReader();
  const guard = createTopicGuard(reader, counts, nameOf);
  const wiring: KafkaWiring = {
    driver,
    reader,
    guard,
    counts,
    clock,
    operatorLog,
    schemaIds,
    owner,
    sessionMs,
    nameOf,
  };
  const appender = createAppender(() => driver.openWriter());
  const given = createGivenOut(async () => {
    await appender.close();
    await reader.close();
  });

  async function append<Topic extends TopicName>(
    topic: Topic,
    entries: readonly Entry<Topic>[],
  ): Promise<Appended> {
    given.requireAppend(topic, entries.length);
    // All of them before the first is sent: one that does not fit must leave nothing behind.
    const records = entries.map((entry) => toOutgoing(topic, entry, schemaIds));
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
    range: { readonly from?: number; readonly to?: number; readonly proofs?: boolean } = {},
  ): AsyncGenerator<readonly Delivered<Topic>[]> {
    const name = nameOf(topic);
    const deliver = range.proofs === true ? toProven<Topic> : toDelivered<Topic>;
    const { start, end } = (await reader.bounds(name)).get(partition) ?? { start: 0, end: 0 };
    // A read ends where the log ended when it began: a replay must not chase the writers.
    const bounds = { from: Math.max(range.from ?? 0, start), to: Math.min(range.to ?? end, end) };
    for await (const records of readRange(reader, { topic: name, partition }, bounds)) {
      for (let first = 0; first < records.length; first += READ_BATCH_MAX) {
        const batch = records.slice(first, first + READ_BATCH_MAX);
        yield batch.map((record) => deliver(topic, partition, record, schemaIds));
      }
    }
  }

  return {
    partitionCount: (topic) => counts[topic],
    append,
    appendAhead: async (topic, entries) => (await append(topic, entries)).positions,
    follow: (topic, from, onRecords) =>
      given.subscription((onEnd) => startKafkaFollower(wiring, topic, from, onRecords, onEnd)),
    work: (group, makeTask) =>
      given.worker((onEnd) => startKafkaWorker(wiring, nameOf(group), makeTask, onEnd)),
    read,
    // What can be read here is below the high watermark: every broker that must have it has it.
    durable: async () => provenDurable(clock.now()),
    close: given.close,
  };
}
