/** Makes the topics, or tells what would be made: for the installer, before any process of the house starts. */
import { setTimeout } from "node:timers/promises";
import kafkajs, { type Admin, type ConfigEntries } from "kafkajs";
import { LogUnavailableError } from "../../../domain/ports/event-log.ts";
import { KafkaRefusalError } from "./kafka-driver.ts";
import { createKafkajsClient, type KafkaConnection } from "./kafkajs-client.ts";
import { toPortError } from "./kafkajs-errors.ts";
import type { TopicPlan } from "./topics.ts";

type SettingChange = {
  readonly topic: string;
  readonly setting: string;
  readonly found: string;
  readonly wanted: string;
};

export type TopicChanges = {
  readonly created: readonly string[];
  readonly changed: readonly SettingChange[];
};

/** About 10 s. */
const KNOWN_LOOKS_MAX = 100;
const KNOWN_LOOK_MS = 100;

type Existing = ReadonlyMap<
  string,
  { readonly partitions: number; readonly settings: readonly ConfigEntries[] }
>;

/**
 * With `dryRun` nothing is written. Throws `KafkaRefusalError` where a topic has another number of partitions
 * than planned (that can't be mended in place), `LogUnavailableError` where the brokers do not answer.
 */
export async function applyTopics(
  connection: KafkaConnection,
  plans: readonly TopicPlan[],
  options: { readonly dryRun: boolean },
): Promise<TopicChanges> {
  const admin = createKafkajsClient(connection).admin();
  try {
    await admin.connect();
    const existing = await lookUp(admin, plans);
    requireCounts(plans, existing);
    const missing = plans.filter(({ name }) => !existing.has(name));
    const changed = plans.flatMap((plan) => changesOf(plan, existing.get(plan.name)?.settings ?? []));
    if (!options.dryRun) {
      await create(admin, missing);
      await untilKnown(admin, missing);
      await change(admin, changed, existing);
    }
    return { created: missing.map(({ name }) => name), changed };
  } catch (error) {
    throw toPortError("make the topics", error);
  } finally {
    await admin.disconnect();
  }
}

async function lookUp(admin: Admin, plans: readonly TopicPlan[]): Promise<Existing> {
  const known = await admin.listTopics();
  const topics = plans.map(({ name }) => name).filter((name) => known.includes(name));
  if (topics.length === 0) return new Map();
  const { topics: metadata } = await admin.fetchTopicMetadata({ topics });
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: topics.map((name) => ({ type: kafkajs.ConfigResourceTypes.TOPIC, name })),
  });
  return new Map(
    metadata.map(({ name, partitions }) => {
      const settings = resources.find(({ resourceName }) => resourceName === name)?.configEntries ?? [];
      return [name, { partitions: partitions.length, settings }];
    }),
  );
}

function requireCounts(plans: readonly TopicPlan[], existing: Existing): void {
  const wrong = plans.flatMap(({ name, partitions }) => {
    const found = existing.get(name)?.partitions ?? partitions;
    return found === partitions ? [] : [`${name} has ${found} partitions, planned are ${partitions}`];
  });
  if (wrong.length === 0) return;
  throw new KafkaRefusalError(
    `${wrong.join("; ")}. Keys would move: plan what is there, or replay into new topics`,
  );
}

/** Of a topic that is there: a missing one gets its settings when it is made. */
function changesOf({ name, settings }: TopicPlan, found: readonly ConfigEntries[]): readonly SettingChange[] {
  if (found.length === 0) return [];
  return Object.entries(settings).flatMap(([setting, wanted]) => {
    const present = found.find(({ configName }) => configName === setting)?.configValue ?? "";
    return present === wanted ? [] : [{ topic: name, setting, found: present, wanted }];
  });
}

async function create(admin: Admin, missing: readonly TopicPlan[]): Promise<void> {
  if (missing.length === 0) return;
  await admin.createTopics({
    // kafkajs's own wait fails while the news is still on its way from the controller: we look ourselves.
    waitForLeaders: false,
    topics: missing.map(({ name, partitions, replicas, settings }) => ({
      topic: name,
      numPartitions: partitions,
      replicationFactor: replicas,
      configEntries: Object.entries(settings).map(([setting, value]) => ({ name: setting, value })),
    })),
  });
}

/** The controller answers before the brokers have heard of it. */
async function untilKnown(admin: Admin, wanted: readonly TopicPlan[]): Promise<void> {
  for (let looks = 1; wanted.length > 0; looks += 1) {
    const known = await admin.listTopics();
    const unknown = wanted.filter(({ name }) => !known.includes(name)).map(({ name }) => name);
    if (unknown.length === 0) return;
    if (looks >= KNOWN_LOOKS_MAX) {
      throw new LogUnavailableError(
        `${unknown.join(", ")}: made, but no broker knows of them; look at the brokers' logs`,
      );
    }
    await setTimeout(KNOWN_LOOK_MS);
  }
}

/** Kafka replaces all of a topic's own settings at once: what somebody else has set is sent along. */
async function change(admin: Admin, changed: readonly SettingChange[], existing: Existing): Promise<void> {
  const byTopic = Map.groupBy(changed, ({ topic }) => topic);
  if (byTopic.size === 0) return;
  await admin.alterConfigs({
    validateOnly: false,
    resources: [...byTopic].map(([name, changes]) => ({
      type: kafkajs.ConfigResourceTypes.TOPIC,
      name,
      configEntries: mergeSettings(existing.get(name)?.settings ?? [], changes),
    })),
  });
}

function mergeSettings(
  found: readonly ConfigEntries[],
  changes: readonly SettingChange[],
): { name: string; value: string }[] {
  const own = found.filter(({ configSource }) => configSource === kafkajs.ConfigSource.TOPIC_CONFIG);
  const merged = new Map(own.map(({ configName, configValue }) => [configName, configValue]));
  for (const { setting, wanted } of changes) merged.set(setting, wanted);
  return [...merged].map(([name, value]) => ({ name, value }));
}
