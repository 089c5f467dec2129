/**
 * Produce requests with numbers of our own, on kafkajs's connections. Its producer sends one request per
 * partition after the other and, where a call touches two brokers, may number a repeated part anew and so append
 * it twice; here whatever waits for one broker goes in one request, and what is sent again carries the numbers
 * that it had, by which the broker knows it.
 */
import kafkajs, { type Cluster, type Message } from "kafkajs";
import { LogUnavailableError } from "../../../domain/ports/event-log.ts";
import type { OutgoingRecord, Send } from "./kafka-driver.ts";
import type { Connections } from "./kafkajs-connections.ts";

/** Of one request, beyond its first batch: bounds how long others wait behind it. */
export const REQUEST_BYTES_MAX = 4_000_000;
/** Of one record, rather too much: to count them exactly would cost more than it is worth here. */
const HEADERS_BYTES = 600;
/**
 * Of a request, counted as above. What a commit brings for one Request alone stays below: compressed, it would be
 * visible 1.2 ms later, for the broker unpacks it to check it and every reader once more.
 */
const COMPRESS_BYTES_MIN = 8_192;
const ALL_REPLICAS = -1;
/** How long a broker may wait for the others; less than a connection waits for its answer. */
const REPLICATE_MS_MAX = 4_000;
/** Numbers wrap around to 0 after the largest int32. */
const SEQUENCES = 2 ** 31;

/** Who writes. The epoch shuts out writers of an older one. */
export type ProducerIdentity = {
  readonly transactionalId: string | null;
  readonly producerId: string;
  readonly producerEpoch: number;
};

type Batch = {
  readonly topic: string;
  readonly partition: number;
  readonly records: readonly OutgoingRecord[];
  readonly bytes: number;
  readonly firstSequence: number;
  readonly done: PromiseWithResolvers<{ readonly firstOffset: number }>;
};

/**
 * One send of a partition at a time, by the caller's word; sends of different partitions may overlap. Throws as
 * kafkajs does: after that the numbering is in doubt, and so is the writer.
 */
export function createProduceQueue(connections: Connections, identity: ProducerIdentity): Send {
  const sequences = new Map<string, number>();
  const waiting = new Map<string, Batch[]>();
  const busy = new Set<string>();
  let fresh: Batch[] = [];

  function number(topic: string, partition: number, count: number): number {
    const place = `${topic}/${partition}`;
    const first = sequences.get(place) ?? 0;
    sequences.set(place, (first + count) % SEQUENCES);
    return first;
  }

  /** What was sent within one turn of the event loop is shared out over the brokers together. */
  async function dispatch(): Promise<void> {
    const batches = fresh;
    fresh = [];
    try {
      const leaders = await leadersOf(connections, batches);
      for (const [node, its] of Map.groupBy(batches, (batch) => leaders(batch))) {
        waiting.set(node, [...(waiting.get(node) ?? []), ...its]);
        void drain(node);
      }
    } catch (error) {
      for (const batch of batches) batch.done.reject(error);
    }
  }

  async function drain(node: string): Promise<void> {
    if (busy.has(node)) return;
    busy.add(node);
    for (let next = takeRequest(waiting.get(node)); next.length > 0; next = takeRequest(waiting.get(node))) {
      await deliver(next);
    }
    busy.delete(node);
  }

  async function deliver(batches: readonly Batch[]): Promise<void> {
    try {
      const offsets = await produce(connections, identity, batches);
      for (const [index, batch] of batches.entries())
        batch.done.resolve({ firstOffset: offsets[index] ?? 0 });
    } catch (error) {
      for (const batch of batches) batch.done.reject(error);
    }
  }

  return (topic, partition, records) => {
    const bytes = records.reduce((sum, { value }) => sum + HEADERS_BYTES + (value?.length ?? 0), 0);
    const firstSequence = number(topic, partition, records.length);
    const done = Promise.withResolvers<{ readonly firstOffset: number }>();
    if (fresh.length === 0) queueMicrotask(() => void dispatch());
    fresh.push({ topic, partition, records, bytes, firstSequence, done });
    return done.promise;
  };
}

function takeRequest(queue: Batch[] = []): readonly Batch[] {
  let bytes = 0;
  let count = 0;
  for (const batch of queue) {
    bytes += batch.bytes;
    if (count > 0 && bytes > REQUEST_BYTES_MAX) break;
    count += 1;
  }
  return queue.splice(0, count);
}

const topicsOf = (batches: readonly Batch[]): readonly string[] => [
  ...new Set(batches.map(({ topic }) => topic)),
];

async function leadersOf(
  connections: Connections,
  batches: readonly Batch[],
): Promise<(batch: Batch) => string> {
  return connections.insist(topicsOf(batches), async (cluster) => {
    const leaders = new Map(batches.map((batch) => [batch, leaderOf(cluster, batch)]));
    return (batch) => leaders.get(batch) ?? "";
  });
}

function leaderOf(cluster: Cluster, { topic, partition }: Batch): string {
  const [node] = Object.keys(cluster.findLeaderForPartitions(topic, [partition]));
  if (node !== undefined) return node;
  throw new LogUnavailableError(`${topic} has no partition ${partition}`);
}

/** By batch, the offset of its first record. Where leaders have moved, the rest of it goes to where they are. */
async function produce(
  connections: Connections,
  identity: ProducerIdentity,
  batches: readonly Batch[],
): Promise<readonly number[]> {
  return connections.insist(topicsOf(batches), async (cluster) => {
    const offsets = new Map<Batch, number>();
    const byLeader = Map.groupBy(batches, (batch) => leaderOf(cluster, batch));
    await Promise.all(
      [...byLeader].map(async ([node, its]) => {
        for (const [batch, offset] of await produceAt(cluster, node, identity, its))
          offsets.set(batch, offset);
      }),
    );
    return batches.map((batch) => offsets.get(batch) ?? 0);
  });
}

type ProduceAnswer = {
  readonly topics: readonly {
    readonly topicName: string;
    readonly partitions: readonly { readonly partition: number; readonly baseOffset: string }[];
  }[];
};

async function produceAt(
  cluster: Cluster,
  node: string,
  identity: ProducerIdentity,
  batches: readonly Batch[],
): Promise<ReadonlyMap<Batch, number>> {
  const broker = await cluster.findBroker({ nodeId: node });
  const bytes = batches.reduce((sum, batch) => sum + batch.bytes, 0);
  const { None, ZSTD } = kafkajs.CompressionTypes;
  const { transactionalId, producerId, producerEpoch } = identity;
  const answer = (await broker.produce({
    ...(transactionalId === null ? {} : { transactionalId }),
    // An int64, which kafkajs passes on as the text that it was given; its public type says number.
    producerId: producerId as unknown as number,
    producerEpoch,
    acks: ALL_REPLICAS,
    timeout: REPLICATE_MS_MAX,
    compression: bytes < COMPRESS_BYTES_MIN ? None : ZSTD,
    topicData: [...Map.groupBy(batches, ({ topic }) => topic)].map(([topic, its]) => ({
      topic,
      partitions: its.map(({ partition, firstSequence, records }) => ({
        partition,
        firstSequence,
        messages: records.map(toMessage),
      })),
    })),
  })) as ProduceAnswer;
  return new Map(batches.map((batch) => [batch, offsetOf(answer, batch)]));
}

function toMessage({ key, value, headers }: OutgoingRecord): Message {
  return { key, value, headers };
}

function offsetOf(answer: ProduceAnswer, { topic, partition }: Batch): number {
  const found = answer.topics
    .find(({ topicName }) => topicName === topic)
    ?.partitions.find((one) => one.partition === partition);
  const offset = Number(found?.baseOffset ?? -1);
  if (Number.isSafeInteger(offset) && offset >= 0) return offset;
  throw new LogUnavailableError(`append to ${topic}/${partition}: acknowledged without an offset`);
}
