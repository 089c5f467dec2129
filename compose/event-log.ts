/** The log of the house: embedded in the data folder, or on brokers. Nothing else knows which. */
import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { createKafkaLog } from "../adapters/event-log/kafka/kafka-log.ts";
import type { KafkaConnection } from "../adapters/event-log/kafka/kafkajs-client.ts";
import { createKafkajsDriver } from "../adapters/event-log/kafka/kafkajs-driver.ts";
import { KAFKA_PARTITIONS, planTopics, type TopicPlan } from "../adapters/event-log/kafka/topics.ts";
import type { PartitionCounts } from "../adapters/event-log/partitions.ts";
import { createSqliteLog } from "../adapters/event-log/sqlite/sqlite-log.ts";
import type { KafkaSettings } from "../config/kafka.ts";
import type { Config } from "../config.ts";
import type { EventLog } from "../domain/ports/event-log.ts";
import type { OperatorLog } from "../domain/ports/operator-log.ts";
import { awaitTopics } from "./await-topics.ts";
import type { TellWaiting } from "./role.ts";
import { openSchemaIds } from "./schema-ids.ts";
import { system } from "./system.ts";

/** `owner` is the role's name. On brokers, waits until they answer and have every topic. */
export async function openLog(
  config: Config,
  owner: string,
  operatorLog: OperatorLog,
  tellWaiting: TellWaiting = (what) => operatorLog.warn("waiting for the log", { for: what }),
): Promise<EventLog> {
  const { clock } = system;
  const common = { clock, operatorLog, owner: `${owner}@${hostname()}/${process.pid}` };
  const { kafka } = config;
  const { takeoverMs } = config.dispatcher;
  if (kafka === null)
    return createSqliteLog({ ...common, path: join(config.dataFolder, "log.db"), leaseMs: takeoverMs });
  const connection = kafkaConnection(kafka, owner);
  await awaitTopics(connection, topicPlans(kafka), clock, tellWaiting);
  const schemaIds = await openSchemaIds(kafka, config.dataFolder, operatorLog, tellWaiting);
  const driver = createKafkajsDriver(connection);
  return createKafkaLog({
    ...common,
    driver,
    schemaIds,
    prefix: kafka.prefix,
    counts: countsOf(kafka),
    sessionMs: takeoverMs,
  });
}

/** Reads the PEM files that the settings name. */
export function kafkaConnection(kafka: KafkaSettings, owner: string): KafkaConnection {
  const { brokers, tls, login } = kafka;
  return {
    brokers,
    clientId: `reveille-${owner}`,
    ...(tls === null ? {} : { tls: { ca: pem(tls.caFile), cert: pem(tls.certFile), key: pem(tls.keyFile) } }),
    ...(login === null ? {} : { login }),
  };
}

function pem(file: string | null): string | undefined {
  return file === null ? undefined : readFileSync(file, "utf8");
}

/** What the settings say about the topics. */
export function topicPlans(kafka: KafkaSettings): readonly TopicPlan[] {
  const { prefix, replicas, minInSync } = kafka;
  return planTopics({ counts: countsOf(kafka), replicas, minInSync, prefix });
}

function countsOf({ partitions }: KafkaSettings): PartitionCounts {
  const half = Math.ceil(partitions / 2);
  return { ...KAFKA_PARTITIONS, requests: partitions, events: partitions, state: partitions, offers: half };
}
