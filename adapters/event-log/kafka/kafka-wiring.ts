import { setTimeout } from "node:timers/promises";
import type { Clock } from "../../../domain/ports/clock.ts";
import { LogUnavailableError, type TopicName } from "../../../domain/ports/event-log.ts";
import type { OperatorLog } from "../../../domain/ports/operator-log.ts";
import type { SchemaIds } from "../../../schemas/schema-ids.ts";
import type { PartitionCounts } from "../partitions.ts";
import type { KafkaDriver, KafkaReader } from "./kafka-driver.ts";
import type { TopicGuard } from "./topic-guard.ts";

/** What a Kafka log's parts share. */
export type KafkaWiring = {
  readonly driver: KafkaDriver;
  /** For single questions: positions, replays, restores. Nothing long waits on it. */
  readonly reader: KafkaReader;
  readonly guard: TopicGuard;
  readonly counts: PartitionCounts;
  readonly clock: Clock;
  readonly operatorLog: OperatorLog;
  /** The numbers of schemas that records carry here. */
  readonly schemaIds: SchemaIds;
  /** Names this process in its marks. */
  readonly owner: string;
  /** A worker not heard of for so long has lost its partitions. */
  readonly sessionMs: number;
  /** The name on the brokers: with the prefix that lets several houses share a cluster. */
  readonly nameOf: (topic: TopicName) => string;
};

/** Long enough not to hammer a broker that is down. */
const TRY_AGAIN_MS = 100;

/** A question that the brokers can't answer now is asked again until they do or `isOver`; other failures are thrown. */
export async function untilAnswered<T>(isOver: () => boolean, ask: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof LogUnavailableError) || isOver()) throw error;
    }
    await setTimeout(TRY_AGAIN_MS);
  }
}
