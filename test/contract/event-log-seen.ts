/** What stands in a log, beside the marks that owners leave in it. */
import type { Delivered, EventLog, TopicName } from "../../domain/ports/event-log.ts";

export function isMark(record: Delivered<TopicName>): boolean {
  return record.ok && record.message?.type === "OwnershipTaken";
}

/** Ids of the records of one partition, in order. What can't be read is left out. */
export async function idsOf(log: EventLog, topic: TopicName, partition: number): Promise<readonly string[]> {
  const found: string[] = [];
  for await (const records of log.read(topic, partition)) {
    for (const record of records) if (record.ok && !isMark(record)) found.push(record.envelope.id);
  }
  return found;
}

/** Resolves once a follower from the start has been given so many events. */
export async function untilEvents(log: EventLog, count: number): Promise<void> {
  const enough = Promise.withResolvers<void>();
  let seen = 0;
  const subscription = log.follow("events", "start", (records) => {
    seen += records.filter((record) => !isMark(record)).length;
    if (seen >= count) enough.resolve();
  });
  await enough.promise;
  await subscription.stop();
}
