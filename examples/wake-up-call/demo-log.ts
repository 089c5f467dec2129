/** Where the demo's log is: in its folder, or on a Kafka broker, with topics that go away again. */

import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { applyTopics } from "../../adapters/event-log/kafka/apply-topics.ts";
import { dropTopics } from "../../adapters/event-log/kafka/drop-topics.ts";
import { kafkaConnection, topicPlans } from "../../compose/event-log.ts";
import type { KafkaSettings } from "../../config/kafka.ts";
import { ConfigError, kafkaSettingsIn, readConfig } from "../../config.ts";
import { gatherJars, hasJars } from "../../deploy/kafka/broker-jars.ts";
import { startBrokers } from "../../deploy/kafka/brokers.ts";

export type DemoLog = {
  /** For every process of the demo. */
  readonly settings: Readonly<Record<string, string>>;
  close(): Promise<void>;
};

export const EMBEDDED: DemoLog = { settings: {}, close: () => Promise.resolve() };

const ONE_BROKER = { REVEILLE_KAFKA_REPLICAS: "1", REVEILLE_KAFKA_PARTITIONS: "8" };

/** On the brokers of REVEILLE_KAFKA, or on one of its own. Throws `ConfigError` with what has to be installed. */
export async function openKafkaDemoLog(tell: (line: string) => void): Promise<DemoLog> {
  const given = kafkaSettingsIn(process.env);
  if (given["REVEILLE_KAFKA"] !== undefined) {
    const made = await makeTopics(given, tell);
    return { settings: made.settings, close: made.drop };
  }
  requirePrograms();
  if (!hasJars()) {
    tell("Fetching Kafka with Maven (43 MB, this once) …");
    await gatherJars();
  }
  tell("Starting a Kafka broker …");
  const brokers = await startBrokers(1);
  try {
    const settings = { ...ONE_BROKER, REVEILLE_KAFKA: brokers.addresses.join(",") };
    // Its topics go with its folder.
    return { settings: (await makeTopics(settings, tell)).settings, close: () => brokers.stop() };
  } catch (error) {
    await brokers.stop();
    throw error;
  }
}

async function makeTopics(
  given: Readonly<Record<string, string>>,
  tell: (line: string) => void,
): Promise<{ readonly settings: DemoLog["settings"]; drop(): Promise<void> }> {
  // A prefix of its own: what is on those brokers already is none of the demo's business.
  const prefix = `reveille-demo-${randomBytes(4).toString("hex")}.`;
  const settings = { ...given, REVEILLE_KAFKA_PREFIX: prefix };
  const kafka = requireKafka(readConfig(settings).kafka);
  const connection = kafkaConnection(kafka, "demo");
  const plans = topicPlans(kafka);
  tell(`Making ${plans.length} topics on ${kafka.brokers.join(", ")} …`);
  await applyTopics(connection, plans, { dryRun: false });
  return {
    settings,
    drop: () =>
      dropTopics(
        connection,
        plans.map(({ name }) => name),
      ),
  };
}

function requireKafka(kafka: KafkaSettings | null): KafkaSettings {
  if (kafka === null)
    throw new ConfigError("demo: REVEILLE_KAFKA is empty; name a broker, or leave it unset");
  return kafka;
}

function requirePrograms(): void {
  const missing = hasJars() ? ["java"] : ["java", "mvn"];
  const absent = missing.filter((program) => spawnSync(program, ["-version"], { stdio: "ignore" }).error);
  if (absent.length === 0) return;
  throw new ConfigError(
    `demo: ${absent.join(" and ")} not found. A broker on this machine needs Java 17 or newer, and Maven to fetch it ` +
      "(Debian: apt install openjdk-17-jre-headless maven). Or name a broker that runs: REVEILLE_KAFKA=host:9092",
  );
}
