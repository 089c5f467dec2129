/**
 * The floor of bench/causes.ts on Kafka: what a dispatcher has committed, written once more by kafkajs as anybody
 * would use it. The same records in the same transactions, encoded beforehand, to topics of their own kept the same
 * way; no fence, no chain, and nothing that is thought about.
 */
import kafkajs, { type Producer } from "kafkajs";
import { applyTopics } from "../adapters/event-log/kafka/apply-topics.ts";
import { toOutgoing } from "../adapters/event-log/kafka/kafka-record.ts";
import { planTopics, topicNamer } from "../adapters/event-log/kafka/topics.ts";
import { EMBEDDED_PARTITIONS, partitionOf } from "../adapters/event-log/partitions.ts";
import type { Entry, Outputs } from "../domain/ports/event-log.ts";
import { LOCK_IDS } from "../schemas/schema-ids.ts";
import type { KafkaBench } from "./kafka-bench.ts";

const PREFIX = "bare.";

export type BareCommits = {
  /** Every partition at once, the commits of each in their order. Resolves with the milliseconds that it took. */
  write(commits: readonly CommitOf[]): Promise<number>;
  close(): Promise<void>;
};
/** A commit of the owner of this partition. */
export type CommitOf = { readonly partition: number; readonly outputs: Outputs };

export async function openBareCommits({ addresses, client }: KafkaBench): Promise<BareCommits> {
  const plans = planTopics({ counts: EMBEDDED_PARTITIONS, replicas: 1, prefix: PREFIX });
  await applyTopics({ brokers: addresses, clientId: "bare" }, plans, { dryRun: false });
  const producers = await Promise.all(
    Array.from({ length: EMBEDDED_PARTITIONS.requests }, (_, partition) =>
      openBareProducer(client, partition),
    ),
  );
  return {
    async write(commits) {
      const encoded = producers.map((_, partition) =>
        commits.filter((commit) => commit.partition === partition).map(({ outputs }) => messagesOf(outputs)),
      );
      const begun = performance.now();
      await Promise.all(
        producers.map(async (producer, partition) => {
          for (const topicMessages of encoded[partition] ?? []) {
            const transaction = await producer.transaction();
            await transaction.sendBatch({
              acks: -1,
              compression: kafkajs.CompressionTypes.ZSTD,
              topicMessages,
            });
            await transaction.commit();
          }
        }),
      );
      return performance.now() - begun;
    },
    close: async () => void (await Promise.all(producers.map((producer) => producer.disconnect()))),
  };
}

/** One transactional producer of kafkajs's own, set up as its users would. */
export async function openBareProducer(client: KafkaBench["client"], partition: number): Promise<Producer> {
  const producer = client.producer({
    transactionalId: `bare-${partition}`,
    idempotent: true,
    maxInFlightRequests: 1,
    createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
    retry: { retries: 40, initialRetryTime: 1, multiplier: 1.5, factor: 0.2, maxRetryTime: 300 },
  });
  await producer.connect();
  return producer;
}

function messagesOf({ events, state, offers }: Outputs) {
  const nameOf = topicNamer(PREFIX);
  return [
    { topic: nameOf("events"), messages: events.map((entry) => messageOf("events", entry)) },
    { topic: nameOf("state"), messages: state.map((entry) => messageOf("state", entry)) },
    { topic: nameOf("offers"), messages: offers.map((entry) => messageOf("offers", entry)) },
  ].filter(({ messages }) => messages.length > 0);
}

function messageOf<Topic extends "events" | "state" | "offers">(topic: Topic, entry: Entry<Topic>) {
  const { key, value, headers } = toOutgoing(topic, entry, LOCK_IDS);
  const partition = partitionOf(EMBEDDED_PARTITIONS, topic, entry.slot);
  return { key, value, headers: { ...headers }, partition };
}
