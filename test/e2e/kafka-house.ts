/** What the processes of a test need to meet on brokers: settings, and topics made for them alone. */
import { applyTopics } from "../../adapters/event-log/kafka/apply-topics.ts";
import { kafkaConnection, topicPlans } from "../../compose/event-log.ts";
import { readConfig } from "../../config.ts";

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
