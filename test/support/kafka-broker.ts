/** A real broker for a test file, and houses on it: each with topics of its own. */
import kafkajs from "kafkajs";
import { applyTopics } from "../../adapters/event-log/kafka/apply-topics.ts";
import type { KafkaDriver } from "../../adapters/event-log/kafka/kafka-driver.ts";
import { createKafkaLog } from "../../adapters/event-log/kafka/kafka-log.ts";
import { readRange } from "../../adapters/event-log/kafka/kafka-replay.ts";
import { createKafkajsDriver } from "../../adapters/event-log/kafka/kafkajs-driver.ts";
import { planTopics, type TopicPlan, topicNamer } from "../../adapters/event-log/kafka/topics.ts";
import { COMPACTED_TOPICS, EMBEDDED_PARTITIONS } from "../../adapters/event-log/partitions.ts";
import { hasJars, JARS } from "../../deploy/kafka/broker-jars.ts";
import type { EventLog, TopicName } from "../../domain/ports/event-log.ts";
import { createFreezableClock } from "../contract/event-log-clock.ts";
import type { LogHouse } from "../contract/log-house.ts";
import { createFakeOperatorLog } from "./fake-operator-log.ts";
import { programPath } from "./installed.ts";

/** A third of it is a heartbeat: long enough for a busy machine, short enough for a takeover within a test. */
const SESSION_MS = 1_500;
const COMPACTION_LOOKS_MAX = 150;
const COMPACTION_LOOK_MS = 200;

/** Null where a broker can be started; otherwise what is missing. A failure where TEST_REQUIRE names kafka. */
export function whyNoKafka(): string | null {
  const missing =
    programPath("java") === null
      ? "java is not installed on this machine"
      : hasJars()
        ? null
        : `no Kafka in ${JARS}: start deploy/kafka/brokers.ts once, which gathers it`;
  if (missing !== null && (process.env["TEST_REQUIRE"] ?? "").split(",").includes("kafka")) {
    throw new Error(`kafka is required by TEST_REQUIRE, but ${missing}`);
  }
  return missing;
}

export type KafkaHouse = LogHouse & {
  readonly driver: KafkaDriver;
  /** The name on the brokers, of a topic or a group. */
  readonly nameOf: (name: string) => string;
  /** Before each of them. */
  readonly prefix: string;
  readonly plans: readonly TopicPlan[];
};

let houses = 0;

/** Waits until its topics are there. */
export async function makeKafkaHouse(addresses: readonly string[]): Promise<KafkaHouse> {
  houses += 1;
  const prefix = `house-${process.pid}-${houses}.`;
  const connection = { brokers: addresses, clientId: "test" };
  const nameOf = topicNamer(prefix);
  const plans = planTopics({ counts: EMBEDDED_PARTITIONS, replicas: addresses.length, prefix });
  await applyTopics(connection, plans, { dryRun: false });
  const driver = createKafkajsDriver(connection);
  const logs: EventLog[] = [];
  // A follower from the end is only sure of what is appended once it knows where the end is; another process
  // can't see that, so here the processes of a house wait for each other.
  const starting = new Set<Promise<void>>();

  function open(owner: string): ReturnType<LogHouse["open"]> {
    const clock = createFreezableClock();
    const operatorLog = createFakeOperatorLog();
    const counts = EMBEDDED_PARTITIONS;
    const log = createKafkaLog({ driver, clock, owner, operatorLog, prefix, counts, sessionMs: SESSION_MS });
    logs.push(log);
    return { log: afterFollowers(log, starting), freeze: clock.freeze };
  }

  return {
    driver,
    nameOf,
    prefix,
    plans,
    open,
    async plantGarbage(topic, partition) {
      const writer = await driver.openWriter();
      await writer.send(nameOf(topic), partition, [
        { key: "garbage", value: Buffer.from([0, 0, 0, 0, 1, 0xff]), headers: {} },
      ]);
      await writer.close();
    },
    compact: () => compactNow(connection, plans, driver, nameOf),
    async close() {
      await Promise.all(logs.map((log) => log.close()));
      await dropTopics(addresses, plans);
    },
  };
}

function afterFollowers(log: EventLog, starting: Set<Promise<void>>): EventLog {
  return {
    ...log,
    async append(topic, entries) {
      await Promise.allSettled(starting);
      return log.append(topic, entries);
    },
    follow(topic, from, onRecords) {
      const subscription = log.follow(topic, from, onRecords);
      if (from === "end") starting.add(subscription.caughtUp);
      return subscription;
    },
  };
}

/**
 * Makes the brokers compact what they only would after hours: segments are closed by aborted writes, which no
 * reader sees, until no key stands twice and no tombstone is left.
 */
async function compactNow(
  connection: Parameters<typeof applyTopics>[0],
  plans: readonly TopicPlan[],
  driver: KafkaDriver,
  nameOf: (topic: TopicName) => string,
): Promise<void> {
  const eager = { "segment.ms": "1", "min.cleanable.dirty.ratio": "0.0001", "delete.retention.ms": "0" };
  const compacted = plans.filter(({ settings }) => settings["cleanup.policy"] === "compact");
  const hurried = compacted.map((plan) => ({ ...plan, settings: { ...plan.settings, ...eager } }));
  await applyTopics(connection, hurried, { dryRun: false });
  for (const topic of COMPACTED_TOPICS) {
    for (let partition = 0; partition < EMBEDDED_PARTITIONS[topic]; partition += 1) {
      await compactPartition(driver, nameOf(topic), partition);
    }
  }
}

async function compactPartition(driver: KafkaDriver, topic: string, partition: number): Promise<void> {
  for (let look = 0; look < COMPACTION_LOOKS_MAX; look += 1) {
    if (await isCompact(driver, topic, partition)) return;
    await writeAborted(driver, topic, partition);
    await new Promise((resolve) => setTimeout(resolve, COMPACTION_LOOK_MS));
  }
  throw new Error(`${topic}/${partition} was not compacted after ${COMPACTION_LOOKS_MAX} looks`);
}

async function isCompact(driver: KafkaDriver, topic: string, partition: number): Promise<boolean> {
  const reader = driver.openReader();
  const { start, end } = (await reader.bounds(topic)).get(partition) ?? { start: 0, end: 0 };
  const keys = new Set<string>();
  let clean = true;
  for await (const records of readRange(reader, { topic, partition }, { from: start, to: end })) {
    for (const { key, value } of records) {
      if (keys.has(key) || value === null) clean = false;
      keys.add(key);
    }
  }
  await reader.close();
  return clean;
}

async function writeAborted(driver: KafkaDriver, topic: string, partition: number): Promise<void> {
  const id = `roller.${topic}.${partition}`;
  const writer = driver.openTransactionalWriter(id);
  const given = new Error("never to be committed");
  await writer
    .transact([{ topic, partition }], async (send) => {
      await send(topic, partition, [{ key: "never", value: Buffer.from("committed"), headers: {} }]);
      throw given;
    })
    .catch(() => undefined);
  await writer.close();
  const next = driver.openTransactionalWriter(id);
  await next.fence();
  await next.close();
}

async function dropTopics(addresses: readonly string[], plans: readonly TopicPlan[]): Promise<void> {
  const kafka = new kafkajs.Kafka({ brokers: [...addresses], logLevel: kafkajs.logLevel.NOTHING });
  const admin = kafka.admin();
  await admin.connect();
  await admin.deleteTopics({ topics: plans.map(({ name }) => name) });
  await admin.disconnect();
}
