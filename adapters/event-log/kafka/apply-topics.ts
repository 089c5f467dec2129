/** Makes the topics, or tells what would be made: for the installer, before any process of the house starts. */
import { setTimeout } from "node:timers/promises";
import kafkajs, { type Admin, type ConfigEntries } from "kafkajs";
import { LogUnavailableError } from "../../../domain/ports/event-log.ts";
import { type ExistingTopics, lookUpTopics, requireCounts } from "./existing-topics.ts";
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

type TopicsAdmin = Pick<
  Admin,
  "listTopics" | "fetchTopicMetadata" | "describeConfigs" | "createTopics" | "alterConfigs"
>;

type Differences = {
  readonly existing: ExistingTopics;
  readonly missing: readonly TopicPlan[];
  readonly changed: readonly SettingChange[];
};

/** About 10 s. */
const LOOKS_MAX = 100;
const LOOK_AGAIN_MS = 100;
/** Questions without a usable answer, in all; each may take as long as kafkajs waits for one: 5 s. */
export const UNANSWERED_MAX = 5;

/**
 * With `dryRun` nothing is written; otherwise it resolves when the brokers say that everything is as planned.
 * Throws `KafkaRefusalError` where a topic has another number of partitions than planned (that can't be mended in
 * place), `LogUnavailableError` where the brokers do not answer, or do not come to agree within 10 s.
 */
export async function applyTopics(
  connection: KafkaConnection,
  plans: readonly TopicPlan[],
  options: { readonly dryRun: boolean },
): Promise<TopicChanges> {
  const admin = createKafkajsClient(connection).admin();
  try {
    await admin.connect();
    return await applyBy(admin, plans, options);
  } catch (error) {
    throw toPortError("make the topics", error);
  } finally {
    await admin.disconnect();
  }
}

/** As `applyTopics`, by an administrator who is connected. */
export async function applyBy(
  admin: TopicsAdmin,
  plans: readonly TopicPlan[],
  { dryRun }: { readonly dryRun: boolean },
): Promise<TopicChanges> {
  const found = await lookFor(admin, plans);
  if (!dryRun) await settle(admin, plans, found);
  return { created: found.missing.map(({ name }) => name), changed: found.changed };
}

/**
 * Writes and looks again, until there is nothing left to write. The broker that answers may lag behind the
 * controller: it may not know of a topic that was made, or know its settings of before; and who is asked to make a
 * topic that is there does nothing and says so too quietly for kafkajs. What was not answered in time may have been
 * done all the same, wholly or in part: that too only a look tells.
 */
async function settle(admin: TopicsAdmin, plans: readonly TopicPlan[], found: Differences): Promise<void> {
  let left = found;
  let unanswered = 0;
  for (let looks = 1; looks <= LOOKS_MAX; looks += 1) {
    try {
      if (looks > 1) left = await lookFor(admin, plans);
      if (left.missing.length + left.changed.length === 0) return;
      await create(admin, left.missing);
      await change(admin, left.changed, left.existing);
    } catch (error) {
      unanswered += 1;
      const failure = toPortError("make the topics", error);
      if (!(failure instanceof LogUnavailableError) || unanswered >= UNANSWERED_MAX) throw failure;
    }
    await setTimeout(LOOK_AGAIN_MS);
  }
  throw notAgreed(left);
}

function notAgreed({ missing, changed }: Differences): LogUnavailableError {
  const topics = [...missing.map(({ name }) => name), ...changed.map(({ topic }) => topic)];
  return new LogUnavailableError(
    `${[...new Set(topics)].join(", ")}: written, but the brokers do not say so; look at their logs`,
  );
}

async function lookFor(admin: TopicsAdmin, plans: readonly TopicPlan[]): Promise<Differences> {
  const existing = await lookUpTopics(admin, plans);
  requireCounts(plans, existing);
  return {
    existing,
    missing: plans.filter(({ name }) => !existing.has(name)),
    changed: plans.flatMap((plan) => changesOf(plan, existing.get(plan.name)?.settings ?? [])),
  };
}

/** Of a topic that is there: a missing one gets its settings when it is made. */
function changesOf({ name, settings }: TopicPlan, found: readonly ConfigEntries[]): readonly SettingChange[] {
  if (found.length === 0) return [];
  return Object.entries(settings).flatMap(([setting, wanted]) => {
    const present = found.find(({ configName }) => configName === setting)?.configValue ?? "";
    return isSame(present, wanted) ? [] : [{ topic: name, setting, found: present, wanted }];
  });
}

/** A broker writes numbers in its own way: "0.0001" comes back as "1.0E-4". */
function isSame(present: string, wanted: string): boolean {
  return present === wanted || (present !== "" && wanted !== "" && Number(present) === Number(wanted));
}

async function create(admin: TopicsAdmin, missing: readonly TopicPlan[]): Promise<void> {
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

/** Kafka replaces all of a topic's own settings at once: what somebody else has set is sent along. */
async function change(
  admin: TopicsAdmin,
  changed: readonly SettingChange[],
  existing: ExistingTopics,
): Promise<void> {
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
