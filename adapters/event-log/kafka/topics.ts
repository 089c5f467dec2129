/** The topics as the brokers are to keep them, and what it takes to get there. */
import { DAY_MS, HOUR_MS } from "../../../domain/kernel/time.ts";
import { KEYS_COMPACTED_WITHIN_MS } from "../../../domain/keys/messages.ts";
import type { TopicName } from "../../../domain/ports/event-log.ts";
import type { PartitionCounts } from "../partitions.ts";
import { SEND_BYTES_MAX } from "./kafka-record.ts";

/** Never changed once a house exists: a key would move, and its order with it. */
export const KAFKA_PARTITIONS: PartitionCounts = {
  requests: 48,
  events: 48,
  state: 48,
  offers: 24,
  load: 1,
  directory: 1,
  keys: 1,
};

const DEFAULT_PREFIX = "reveille.";

/** Of topics and groups: houses that share a cluster must not share a group either. */
export function topicNamer(prefix: string = DEFAULT_PREFIX): (name: string) => string {
  return (name) => `${prefix}${name}`;
}

export type TopicPlan = {
  readonly name: string;
  readonly partitions: number;
  readonly replicas: number;
  readonly settings: Readonly<Record<string, string>>;
};

const TOPIC_NAMES: readonly TopicName[] = [
  "requests",
  "events",
  "state",
  "offers",
  "load",
  "directory",
  "keys",
];

/** What differs between them; the rest is the same for all. */
const KEEPING: Readonly<Record<TopicName, Readonly<Record<string, string>>>> = {
  requests: { "cleanup.policy": "delete", "retention.ms": String(30 * DAY_MS) },
  events: { "cleanup.policy": "delete", "retention.ms": "-1" },
  // A tombstone must outlast whoever reads on from an older position.
  state: { "cleanup.policy": "compact", "delete.retention.ms": String(7 * DAY_MS) },
  offers: { "cleanup.policy": "delete", "retention.ms": String(DAY_MS) },
  // Written every second by every server: only what is no longer the newest segment is compacted.
  load: { "cleanup.policy": "compact", "segment.ms": String(HOUR_MS), "segment.bytes": "16777216" },
  directory: { "cleanup.policy": "compact", "delete.retention.ms": String(7 * DAY_MS) },
  // An erased key must leave the brokers' disks soon: with a limit on the lag, what is written after it closes the
  // segment that it stands in.
  keys: {
    "cleanup.policy": "compact",
    "max.compaction.lag.ms": String(KEYS_COMPACTED_WITHIN_MS),
    "delete.retention.ms": String(DAY_MS),
  },
};

/** `replicas` of 3 keeps two copies in step at least, so that one broker may go without a record being lost. */
export function planTopics(options: {
  readonly counts: PartitionCounts;
  readonly replicas: number;
  /** Copies that must have a record before it is acknowledged. Default: all but one. */
  readonly minInSync?: number;
  readonly prefix?: string;
}): readonly TopicPlan[] {
  const { counts, replicas, minInSync = Math.max(1, replicas - 1), prefix } = options;
  const nameOf = topicNamer(prefix);
  return TOPIC_NAMES.map((topic) => ({
    name: nameOf(topic),
    partitions: counts[topic],
    replicas,
    settings: {
      ...KEEPING[topic],
      "min.insync.replicas": String(minInSync),
      // "When the log took it" is what a record's time means in the port.
      "message.timestamp.type": "LogAppendTime",
      "max.message.bytes": String(2 * SEND_BYTES_MAX),
      "unclean.leader.election.enable": "false",
    },
  }));
}
