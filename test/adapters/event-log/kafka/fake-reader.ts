import type {
  FetchedPart,
  FetchedRecord,
  KafkaReader,
} from "../../../../adapters/event-log/kafka/kafka-driver.ts";
import { instant } from "../../../../domain/kernel/time.ts";

function fetchedRecord(offset: number): FetchedRecord {
  return { offset, appendedAt: instant(0), key: "k", value: null, headers: {} };
}

/** A partition of records 0, 1, 2 … in one answer. */
export function fetchedPart(partition: number, from: number, count: number): FetchedPart {
  const records = Array.from({ length: count }, (_, nth) => fetchedRecord(from + nth));
  return { partition, from, records, next: from + count };
}

function unasked(): never {
  throw new Error("the test did not expect this question");
}

/** Answers what the test says; what it does not say has no answer. */
export function createFakeReader(answers: Partial<KafkaReader>): KafkaReader {
  return {
    bounds: async () => unasked(),
    fetch: async () => unasked(),
    readAt: async () => unasked(),
    groupPosition: async () => unasked(),
    close: async () => undefined,
    ...answers,
  };
}
