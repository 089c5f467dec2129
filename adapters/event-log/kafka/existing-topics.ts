import kafkajs, { type Admin, type ConfigEntries } from "kafkajs";
import { KafkaRefusalError } from "./kafka-driver.ts";
import type { TopicPlan } from "./topics.ts";

/** What the brokers have of some planned topics, by name. */
export type ExistingTopics = ReadonlyMap<
  string,
  { readonly partitions: number; readonly settings: readonly ConfigEntries[] }
>;

export type LookingAdmin = Pick<Admin, "listTopics" | "fetchTopicMetadata" | "describeConfigs">;

export async function lookUpTopics(
  admin: LookingAdmin,
  plans: readonly TopicPlan[],
): Promise<ExistingTopics> {
  const known = await admin.listTopics();
  const topics = plans.map(({ name }) => name).filter((name) => known.includes(name));
  if (topics.length === 0) return new Map();
  const { topics: metadata } = await admin.fetchTopicMetadata({ topics });
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: topics.map((name) => ({ type: kafkajs.ConfigResourceTypes.TOPIC, name })),
  });
  return new Map(
    metadata.flatMap(({ name, partitions }) => {
      const settings = resources.find(({ resourceName }) => resourceName === name)?.configEntries ?? [];
      // Another broker may have answered, who has not heard of it.
      return settings.length === 0 ? [] : [[name, { partitions: partitions.length, settings }] as const];
    }),
  );
}

/** Throws `KafkaRefusalError` where a topic has another number of partitions than planned. */
export function requireCounts(plans: readonly TopicPlan[], existing: ExistingTopics): void {
  const wrong = plans.flatMap(({ name, partitions }) => {
    const found = existing.get(name)?.partitions ?? partitions;
    return found === partitions ? [] : [`${name} has ${found} partitions, planned are ${partitions}`];
  });
  if (wrong.length === 0) return;
  throw new KafkaRefusalError(
    `${wrong.join("; ")}. Keys would move: plan what is there, or replay into new topics`,
  );
}
