/** What the processes of a test need to meet on brokers: a broker, settings, and topics made for them alone. */
import { afterAll, beforeAll } from "vitest";
import { applyTopics } from "../../adapters/event-log/kafka/apply-topics.ts";
import { kafkaConnection, topicPlans } from "../../compose/event-log.ts";
import { readConfig } from "../../config.ts";
import { type Brokers, startBrokers } from "../../deploy/kafka/brokers.ts";

let houses = 0;

/** Resolves when the topics are there. */
export async function kafkaHouseSettings(
  addresses: readonly string[],
  more: Readonly<Record<string, string>> = {},
): Promise<Readonly<Record<string, string>>> {
  houses += 1;
  const settings = {
    REVEILLE_KAFKA: addresses.join(","),
    REVEILLE_KAFKA_PREFIX: `e2e-${process.pid}-${houses}.`,
    REVEILLE_KAFKA_PARTITIONS: "8",
    REVEILLE_KAFKA_REPLICAS: String(addresses.length),
    REVEILLE_TAKEOVER_MS: "2000",
    ...more,
  };
  const { kafka } = readConfig(settings);
  if (kafka === null) throw new Error("a Kafka house without brokers");
  await applyTopics(kafkaConnection(kafka, "test"), topicPlans(kafka), { dryRun: false });
  return settings;
}

/** A busy machine takes its time to start Java. */
const BROKER_MS = 150_000;

/** A broker for the tests of this block, stopped after them even where it came up too late. */
export function useBroker(): () => Brokers {
  let starting: Promise<Brokers> | null = null;
  let brokers: Brokers | null = null;
  beforeAll(async () => {
    starting = startBrokers(1);
    brokers = await starting;
  }, BROKER_MS);
  afterAll(async () => {
    const started = await starting?.catch(() => null);
    await started?.stop();
  }, BROKER_MS);
  return () => {
    if (brokers === null) throw new Error("the broker is not there yet");
    return brokers;
  };
}
