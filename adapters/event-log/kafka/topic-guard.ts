/** Holds the rule that a topic never changes its number of partitions: every key would move, and its order with it. */
import type { TopicName } from "../../../domain/ports/event-log.ts";
import type { PartitionCounts } from "../partitions.ts";
import { type KafkaReader, KafkaRefusalError } from "./kafka-driver.ts";

export type TopicGuard = {
  /** Looks once per topic. Throws `KafkaRefusalError` where the brokers have another number than we count with. */
  check(topic: TopicName): Promise<void>;
};

export function createTopicGuard(
  reader: KafkaReader,
  counts: PartitionCounts,
  nameOf: (topic: TopicName) => string,
): TopicGuard {
  const checks = new Map<TopicName, Promise<void>>();

  async function look(topic: TopicName): Promise<void> {
    const found = (await reader.bounds(nameOf(topic))).size;
    if (found === counts[topic]) return;
    throw new KafkaRefusalError(
      `${nameOf(topic)} has ${found} partitions on the brokers, this house counts ${counts[topic]}; set the count to what the topic was made with`,
    );
  }

  return {
    check(topic) {
      const known = checks.get(topic);
      if (known !== undefined) return known;
      const check = look(topic);
      checks.set(topic, check);
      // Only what was found is remembered; an outage is not.
      check.catch(() => checks.delete(topic));
      return check;
    },
  };
}
