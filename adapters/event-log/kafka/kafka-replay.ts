/** `read`, and what restores a task: the records of one partition, in order, up to where the log ended. */
import { setImmediate } from "node:timers/promises";
import { LogUnavailableError } from "../../../domain/ports/event-log.ts";
import type { FetchedRecord, KafkaReader } from "./kafka-driver.ts";

/** Fetches in a row that may bring nothing below the end: an unfinished transaction holds readers up, not for ever. */
export const EMPTY_FETCHES_MAX = 600;

/**
 * Batches from `from` (inclusive) to `to` (exclusive). `to` counts records of unfinished transactions: it waits
 * for them, so that whoever has been told of a commit also reads it. Throws `LogUnavailableError`.
 */
export async function* readRange(
  reader: KafkaReader,
  where: { readonly topic: string; readonly partition: number },
  range: { readonly from: number; readonly to: number },
): AsyncGenerator<readonly FetchedRecord[]> {
  const { topic, partition } = where;
  let cursor = range.from;
  let empty = 0;
  while (cursor < range.to) {
    const part = await reader.readAt(topic, partition, cursor);
    if (part.next === cursor) {
      empty += 1;
      if (empty > EMPTY_FETCHES_MAX) {
        throw new LogUnavailableError(
          `${topic}/${partition}: nothing to be had at ${cursor}, below ${range.to}`,
        );
      }
    } else {
      empty = 0;
      const records = part.records.filter((record) => record.offset < range.to);
      if (records.length > 0) yield records;
      cursor = part.next;
    }
    await setImmediate();
  }
}
