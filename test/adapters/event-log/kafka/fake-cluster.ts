/** kafkajs's cluster and broker as the writers know them, answering what a test says. */
import type { Cluster } from "kafkajs";

export type ProduceRequest = {
  readonly topicData: readonly {
    readonly topic: string;
    readonly partitions: readonly {
      readonly partition: number;
      readonly firstSequence: number;
      readonly messages: readonly { readonly key: string }[];
    }[];
  }[];
};

/** As kafkajs throws it. */
export function kafkaError(type: string, retriable: boolean): Error {
  return Object.assign(new Error(type), { name: "KafkaJSProtocolError", type, retriable });
}

export type FakeCluster = {
  readonly cluster: Cluster;
  readonly produced: ProduceRequest[];
  refreshes: number;
  disconnects: number;
};

/** `leaderOf` names the broker of a partition; `answer` may throw, and is asked in the order of the requests. */
export function createFakeCluster(
  leaderOf: (partition: number) => string,
  answer: (request: ProduceRequest, node: string) => void | Promise<void> = () => undefined,
): FakeCluster {
  const ends = new Map<string, number>();

  async function produce(request: ProduceRequest, node: string) {
    fake.produced.push(request);
    await answer(request, node);
    return {
      topics: request.topicData.map(({ topic, partitions }) => ({
        topicName: topic,
        partitions: partitions.map(({ partition, messages }) => {
          const place = `${topic}/${partition}`;
          const baseOffset = ends.get(place) ?? 0;
          ends.set(place, baseOffset + messages.length);
          return { partition, baseOffset: String(baseOffset) };
        }),
      })),
    };
  }

  const fake: FakeCluster = {
    produced: [],
    refreshes: 0,
    disconnects: 0,
    cluster: {
      connect: async () => undefined,
      disconnect: async () => {
        fake.disconnects += 1;
      },
      isConnected: () => true,
      removeBroker: () => undefined,
      addMultipleTargetTopics: async () => undefined,
      refreshMetadataIfNecessary: async () => undefined,
      refreshMetadata: async () => {
        fake.refreshes += 1;
      },
      findLeaderForPartitions: (_: string, partitions: number[]) =>
        Object.fromEntries(partitions.map((partition) => [leaderOf(partition), [partition]])),
      findBroker: async ({ nodeId }: { nodeId: string }) => ({
        produce: (request: ProduceRequest) => produce(request, nodeId),
      }),
    } as unknown as Cluster,
  };
  return fake;
}
