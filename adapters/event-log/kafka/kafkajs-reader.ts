/** Reading by offset with kafkajs's connections. On any doubt they are dropped, and the next call opens others. */
import { setTimeout } from "node:timers/promises";
import type { Broker, Cluster } from "kafkajs";
import { LogUnavailableError } from "../../../domain/ports/event-log.ts";
import type { Bounds, FetchedPart, KafkaReader } from "./kafka-driver.ts";
import { toPortError } from "./kafkajs-errors.ts";
import { type Cursors, fetchFrom } from "./kafkajs-fetch.ts";

/** How long a fetch waits for the first byte: also the longest that closing a reader takes. */
const FETCH_WAIT_MS = 200;
/** Of a single question: others wait behind it. */
const READ_WAIT_MS = 20;
/** A leader that moves is found again within these; an outage that lasts is the caller's to bear. About 3 s. */
const QUESTION_TRIES_MAX = 30;
const TRY_AGAIN_MS = 100;

type Settled = {
  readonly node: string;
  readonly parts: readonly FetchedPart[];
  readonly error: Error | null;
};

export function createKafkajsReader(openCluster: () => Cluster): KafkaReader {
  let current: Promise<Cluster> | null = null;
  let closed = false;
  /** By leader: a broker answers one fetch of a connection after the other. */
  let underWay = new Map<string, { readonly cursors: Cursors; readonly answer: Promise<Settled> }>();

  async function connect(): Promise<Cluster> {
    const cluster = openCluster();
    await cluster.connect();
    return cluster;
  }

  async function using<T>(asked: string, topic: string, use: (cluster: Cluster) => Promise<T>): Promise<T> {
    if (closed) throw new LogUnavailableError(`${asked}: this reader is closed`);
    current ??= connect();
    const mine = current;
    try {
      const cluster = await mine;
      await cluster.addMultipleTargetTopics([topic]);
      await cluster.refreshMetadataIfNecessary();
      return await use(cluster);
    } catch (error) {
      if (current === mine) dropConnections(mine);
      throw toPortError(asked, error);
    }
  }

  /** A single question, put again where the answer was that it can't be answered now. */
  async function insisting<T>(
    asked: string,
    topic: string,
    use: (cluster: Cluster) => Promise<T>,
  ): Promise<T> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await using(asked, topic, use);
      } catch (error) {
        if (!(error instanceof LogUnavailableError) || closed || tries >= QUESTION_TRIES_MAX) throw error;
      }
      await setTimeout(TRY_AGAIN_MS);
    }
  }

  function dropConnections(dropped: Promise<Cluster>): void {
    current = null;
    underWay = new Map();
    void disconnect(dropped);
  }

  async function offsets(topic: string, oldest: boolean): Promise<ReadonlyMap<number, number>> {
    const which = oldest ? "oldest" : "newest";
    return insisting(`${which} offsets of ${topic}`, topic, async (cluster) => {
      const partitions = cluster.findTopicPartitionMetadata(topic).map(({ partitionId }) => ({
        partition: partitionId,
      }));
      const [answer] = await cluster.fetchTopicsOffset([{ topic, partitions, fromBeginning: oldest }]);
      const found = new Map(answer?.partitions.map(({ partition, offset }) => [partition, Number(offset)]));
      if (found.size === partitions.length) return found;
      throw new LogUnavailableError(`${topic}: offsets of ${found.size} of ${partitions.length} partitions`);
    });
  }

  async function bounds(topic: string): Promise<ReadonlyMap<number, Bounds>> {
    const starts = await offsets(topic, true);
    const ends = await offsets(topic, false);
    return new Map(
      [...starts].map(([partition, start]) => [partition, { start, end: ends.get(partition) ?? start }]),
    );
  }

  function fetch(topic: string, cursors: Cursors): Promise<readonly FetchedPart[]> {
    return using(`fetch from ${topic}`, topic, async (cluster) => {
      askIdleLeaders(cluster, topic, cursors);
      if (underWay.size === 0) return [];
      const first = await Promise.race([...underWay.values()].map(({ answer }) => answer));
      underWay.delete(first.node);
      if (first.error !== null) throw first.error;
      return first.parts;
    });
  }

  function askIdleLeaders(cluster: Cluster, topic: string, cursors: Cursors): void {
    const asked = new Set([...underWay.values()].flatMap((fetching) => [...fetching.cursors.keys()]));
    const open = [...cursors.keys()].filter((partition) => !asked.has(partition));
    for (const [node, partitions] of Object.entries(cluster.findLeaderForPartitions(topic, open))) {
      if (underWay.has(node)) continue;
      const wanted = new Map(partitions.map((partition) => [partition, cursors.get(partition) ?? 0]));
      const answer = fetchFrom(cluster, { node, topic, cursors: wanted, waitMs: FETCH_WAIT_MS }).then(
        (parts): Settled => ({ node, parts, error: null }),
        (error: unknown): Settled => ({ node, parts: [], error: toPortError(`fetch from ${topic}`, error) }),
      );
      underWay.set(node, { cursors: wanted, answer });
    }
  }

  function readAt(topic: string, partition: number, from: number): Promise<FetchedPart> {
    return insisting(`read ${topic}/${partition}`, topic, async (cluster) => {
      const [node] = Object.keys(cluster.findLeaderForPartitions(topic, [partition]));
      if (node === undefined) throw new LogUnavailableError(`${topic} has no partition ${partition}`);
      const cursors = new Map([[partition, from]]);
      const [part] = await fetchFrom(cluster, { node, topic, cursors, waitMs: READ_WAIT_MS });
      return part ?? { partition, from, records: [], next: from };
    });
  }

  return {
    bounds,
    fetch,
    readAt,
    groupPosition: (group, topic, partition) =>
      insisting(`position of group ${group}`, topic, async (cluster) => {
        const coordinator = await cluster.findGroupCoordinator({ groupId: group });
        const asked = { groupId: group, topics: [{ topic, partitions: [{ partition }] }] };
        // Its public type asks for offsets in a request for offsets.
        const { responses } = await coordinator.offsetFetch(
          asked as unknown as Parameters<Broker["offsetFetch"]>[0],
        );
        const offset = Number(responses[0]?.partitions[0]?.offset ?? -1);
        return offset < 0 ? null : offset;
      }),
    async close() {
      closed = true;
      const last = current;
      current = null;
      if (last !== null) await disconnect(last);
    },
  };
}

async function disconnect(cluster: Promise<Cluster>): Promise<void> {
  try {
    await (await cluster).disconnect();
  } catch {
    // It never was connected, or is no more: either way there is nothing left to close.
  }
}
