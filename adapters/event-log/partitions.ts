import type { Slot } from "../../domain/kernel/identifiers.ts";
import type { TopicName } from "../../domain/ports/event-log.ts";

export type PartitionCounts = Readonly<Record<TopicName, number>>;

/** Of the embedded log. Never changed once a log exists: a key would move, and its order with it. */
export const EMBEDDED_PARTITIONS: PartitionCounts = {
  requests: 8,
  events: 8,
  state: 8,
  offers: 4,
  load: 1,
  directory: 1,
  keys: 1,
};

/** Topics that keep the newest record of each key only. */
export const COMPACTED_TOPICS: readonly TopicName[] = ["state", "load", "directory", "keys"];

/** The same in every adapter: a default partitioner would differ between clients. */
export function partitionOf(counts: PartitionCounts, topic: TopicName, slot: Slot): number {
  return slot % counts[topic];
}
