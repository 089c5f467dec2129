import type { Broker, Cluster } from "kafkajs";
import { describe, expect, test } from "vitest";
import { EMPTY_FETCHES_MAX, readRange } from "../../../../adapters/event-log/kafka/kafka-replay.ts";
import {
  toGroupError,
  toPortError,
  toTransactionError,
} from "../../../../adapters/event-log/kafka/kafkajs-errors.ts";
import { fetchFrom } from "../../../../adapters/event-log/kafka/kafkajs-fetch.ts";
import { LogUnavailableError } from "../../../../domain/ports/event-log.ts";
import { createFakeReader, fetchedPart } from "./fake-reader.ts";

const where = { topic: "state", partition: 0 };

async function collect(
  batches: AsyncIterable<readonly { readonly offset: number }[]>,
): Promise<readonly number[]> {
  const offsets: number[] = [];
  for await (const batch of batches) offsets.push(...batch.map(({ offset }) => offset));
  return offsets;
}

const answer = (messages: readonly object[]) => ({
  responses: [{ partitions: [{ partition: 0, lastStableOffset: "9", abortedTransactions: [], messages }] }],
});

function clusterAnswering(...answers: readonly object[]): Cluster {
  const left = [...answers];
  const broker = { fetch: async () => left.shift() } as unknown as Broker;
  return { findBroker: async () => broker } as unknown as Cluster;
}

const failure = (type: string): Error => Object.assign(new Error("as kafkajs says"), { type });

describe("a replay", () => {
  test("passes gaps, stops at its end, and waits for a transaction that is not finished yet", async () => {
    let asked = 0;
    const reader = createFakeReader({
      async readAt(_topic, partition, from) {
        asked += 1;
        if (from === 0) return { ...fetchedPart(partition, 0, 2), next: 6 };
        return asked < 4 ? fetchedPart(partition, from, 0) : fetchedPart(partition, from, 5);
      },
    });
    expect(await collect(readRange(reader, where, { from: 0, to: 8 }))).toEqual([0, 1, 6, 7]);
  });

  test("that brings nothing for too long is given up, and may be tried again", async () => {
    let asked = 0;
    const reader = createFakeReader({
      async readAt(_topic, partition, from) {
        asked += 1;
        return fetchedPart(partition, from, 0);
      },
    });
    await expect(collect(readRange(reader, where, { from: 3, to: 4 }))).rejects.toThrow(LogUnavailableError);
    expect(asked).toBe(EMPTY_FETCHES_MAX + 1);
  });
});

describe("a fetch below the stable end that brings not one record", () => {
  const raw = { timestamp: "0", key: null, value: null, headers: {}, isControlRecord: false };
  const message = { ...raw, offset: "5", batchContext: { producerId: "-1", inTransaction: false } };

  const question = { node: "1", topic: "state", cursors: new Map([[0, 4]]), waitMs: 0 };

  test("is asked again alone: the answer may have been full", async () => {
    const [part] = await fetchFrom(clusterAnswering(answer([]), answer([message])), question);
    expect(part?.records.map(({ offset }) => offset)).toEqual([5]);
    expect(part?.next).toBe(6);
  });

  test("is passed when compaction has left nothing: nobody waits for ever at an empty batch", async () => {
    const [part] = await fetchFrom(clusterAnswering(answer([]), answer([])), question);
    expect(part).toMatchObject({ records: [], next: 9 });
  });
});

describe("what the brokers answer", () => {
  test.each([
    "INVALID_PRODUCER_EPOCH",
    "KAFKAJS_UNKNOWN_ERROR_CODE",
  ])("%s to a commit: ownership is lost", (type) => {
    const retried = new Error("retries exceeded", { cause: failure(type) });
    expect(toTransactionError("commit", retried).name).toBe("OwnershipLostError");
  });

  test.each([
    ["REBALANCE_IN_PROGRESS", "RebalancingError"],
    ["UNKNOWN_MEMBER_ID", "NoLongerMemberError"],
    ["ILLEGAL_GENERATION", "NoLongerMemberError"],
    ["NOT_COORDINATOR_FOR_GROUP", "LogUnavailableError"],
    ["GROUP_AUTHORIZATION_FAILED", "KafkaRefusalError"],
  ])("%s to a member: %s", (type, name) => {
    expect(toGroupError("heartbeat", failure(type)).name).toBe(name);
  });

  test("a position that is gone is a gap, never a reason to begin elsewhere", () => {
    const gone = Object.assign(failure("OFFSET_OUT_OF_RANGE"), { partition: 4 });
    expect(toPortError("fetch", gone)).toMatchObject({ name: "LogGapError", partition: 4, retryable: false });
  });

  test("anything unknown may be tried again", () => {
    expect(toPortError("fetch", "no error at all")).toMatchObject({
      name: "LogUnavailableError",
      retryable: true,
    });
  });
});
