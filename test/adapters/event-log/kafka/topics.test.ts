import { describe, expect, test } from "vitest";
import { SEND_BYTES_MAX } from "../../../../adapters/event-log/kafka/kafka-record.ts";
import { KAFKA_PARTITIONS, planTopics } from "../../../../adapters/event-log/kafka/topics.ts";
import { SLOT_COUNT } from "../../../../domain/kernel/identifiers.ts";

describe("the topics of a house", () => {
  const plans = planTopics({ counts: KAFKA_PARTITIONS, replicas: 3 });
  const settingsOf = (topic: string) => plans.find(({ name }) => name === `reveille.${topic}`)?.settings;

  test("requests, events and state have one number of partitions: a Customer is one number in all of them", () => {
    const { requests, events, state } = KAFKA_PARTITIONS;
    expect([events, state]).toEqual([requests, requests]);
    expect(requests).toBeLessThanOrEqual(SLOT_COUNT);
  });

  test("with three copies two are in step before anything is acknowledged, and none out of step leads", () => {
    for (const { replicas, settings } of plans) {
      expect(replicas).toBe(3);
      expect(settings["min.insync.replicas"]).toBe("2");
      expect(settings["unclean.leader.election.enable"]).toBe("false");
    }
    expect(planTopics({ counts: KAFKA_PARTITIONS, replicas: 1 })[0]?.settings["min.insync.replicas"]).toBe(
      "1",
    );
  });

  test("events are kept for ever; state, load and directory keep the newest of each key", () => {
    expect(settingsOf("events")).toMatchObject({ "cleanup.policy": "delete", "retention.ms": "-1" });
    for (const topic of ["state", "load", "directory", "keys"]) {
      expect(settingsOf(topic)?.["cleanup.policy"]).toBe("compact");
    }
  });

  test("the brokers take whatever is sent at once", () => {
    for (const { settings } of plans)
      expect(Number(settings["max.message.bytes"])).toBeGreaterThan(SEND_BYTES_MAX);
  });
});
