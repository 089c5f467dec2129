/** A broker of its own for a bench, with the house's topics; or the word that there can be none here. */
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { applyTopics } from "../adapters/event-log/kafka/apply-topics.ts";
import type { KafkaDriver } from "../adapters/event-log/kafka/kafka-driver.ts";
import { createKafkaLog } from "../adapters/event-log/kafka/kafka-log.ts";
import { createKafkajsClient } from "../adapters/event-log/kafka/kafkajs-client.ts";
import { createKafkajsDriver } from "../adapters/event-log/kafka/kafkajs-driver.ts";
import { planTopics, topicNamer } from "../adapters/event-log/kafka/topics.ts";
import { EMBEDDED_PARTITIONS, type PartitionCounts } from "../adapters/event-log/partitions.ts";
import { createSystemClock } from "../adapters/system/clock.ts";
import { startBrokers } from "../deploy/kafka/brokers.ts";
import type { EventLog, TopicName } from "../domain/ports/event-log.ts";
import type { OperatorLog } from "../domain/ports/operator-log.ts";
import { whyNoKafka } from "../test/support/kafka-broker.ts";
import { printSkipped } from "./bench-line.ts";

/** What a broker that is just up says for its first seconds is no fault: only errors are told. */
export const QUIET: OperatorLog = {
  info: () => undefined,
  warn: () => undefined,
  error(what, facts) {
    process.stderr.write(`bench: ${what} ${JSON.stringify(facts)}\n`);
  },
};

export const BENCH_PREFIX = "bench.";

export type KafkaBench = {
  readonly addresses: readonly string[];
  readonly driver: KafkaDriver;
  readonly nameOf: (topic: TopicName) => string;
  /** kafkajs as anybody would use it, for the floor. */
  readonly client: ReturnType<typeof createKafkajsClient>;
  openLog(owner: string, sessionMs?: number): EventLog;
  /** What the topic's segments weigh on the broker's disk. */
  bytesOf(topic: TopicName): number;
  stop(): Promise<void>;
};

/** Ends the process after a line that says why, where no broker can be started here. */
export async function startKafkaBench(
  name: string,
  command = `node bench/${name}.ts`,
  counts: PartitionCounts = EMBEDDED_PARTITIONS,
): Promise<KafkaBench> {
  const missing = whyNoKafka();
  if (missing !== null) {
    printSkipped({ name, skipped: missing, command });
    process.exit(0);
  }
  const brokers = await startBrokers(1);
  const prefix = BENCH_PREFIX;
  const connection = { brokers: brokers.addresses, clientId: "bench" };
  await applyTopics(connection, planTopics({ counts, replicas: 1, prefix }), { dryRun: false });
  const driver = createKafkajsDriver(connection);
  const nameOf = topicNamer(prefix);
  const logs: EventLog[] = [];
  return {
    addresses: brokers.addresses,
    driver,
    nameOf,
    client: createKafkajsClient(connection),
    openLog(owner, sessionMs = 10_000) {
      const clock = createSystemClock();
      const log = createKafkaLog({ driver, clock, owner, operatorLog: QUIET, prefix, counts, sessionMs });
      logs.push(log);
      return log;
    },
    bytesOf: (topic) => bytesOnDisk(brokers.folder, nameOf(topic)),
    async stop() {
      await Promise.all(logs.map((log) => log.close()));
      await brokers.stop();
    },
  };
}

function bytesOnDisk(folder: string, topic: string): number {
  const segments = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter(
    (name) => name.includes(`${topic}-`) && name.endsWith(".log"),
  );
  return segments.reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
}
