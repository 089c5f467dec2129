import { describe, expect, test } from "vitest";
import type { OutgoingRecord } from "../../../../adapters/event-log/kafka/kafka-driver.ts";
import { createConnections } from "../../../../adapters/event-log/kafka/kafkajs-connections.ts";
import {
  createProduceQueue,
  REQUEST_BYTES_MAX,
} from "../../../../adapters/event-log/kafka/kafkajs-produce.ts";
import { createFakeCluster, type FakeCluster, kafkaError, type ProduceRequest } from "./fake-cluster.ts";

/** Of the product it is seconds. */
const INSIST_MS_MAX = 50;
const WRITER = { transactionalId: null, producerId: "7", producerEpoch: 0 };
const records = (...keys: string[]): OutgoingRecord[] =>
  keys.map((key) => ({ key, value: null, headers: {} }));

const large = (key: string): OutgoingRecord[] => [
  { key, value: Buffer.alloc(REQUEST_BYTES_MAX - 500), headers: {} },
];

function queueOver(fake: FakeCluster) {
  const connections = createConnections(() => fake.cluster, INSIST_MS_MAX);
  const loan = connections.borrow();
  return { send: createProduceQueue(connections, WRITER), loan };
}

/** "topic/partition@firstSequence" of every batch of a request. */
const placesIn = (request: ProduceRequest | undefined): readonly string[] =>
  (request?.topicData ?? []).flatMap(({ topic, partitions }) =>
    partitions.map(({ partition, firstSequence }) => `${topic}/${partition}@${firstSequence}`),
  );

describe("sends of one moment", () => {
  test("go to their broker in one request, and each is answered with its own offset", async () => {
    const fake = createFakeCluster(() => "1");
    const { send } = queueOver(fake);
    await send("events", 0, records("a", "b"));
    const answers = await Promise.all([
      send("events", 0, records("c")),
      send("state", 0, records("d")),
      send("offers", 3, records("e")),
    ]);
    expect(answers.map(({ firstOffset }) => firstOffset)).toEqual([2, 0, 0]);
    expect(fake.produced.map(placesIn)).toEqual([["events/0@0"], ["events/0@2", "state/0@0", "offers/3@0"]]);
  });

  test("of partitions that different brokers lead do not wait for each other", async () => {
    const gate = Promise.withResolvers<void>();
    const fake = createFakeCluster(
      (partition) => String(partition),
      (_, node) => (node === "1" ? gate.promise : undefined),
    );
    const { send } = queueOver(fake);
    const slow = send("events", 1, records("a"));
    await send("events", 2, records("b"));
    await send("events", 2, records("c"));
    gate.resolve();
    await slow;
    expect(fake.produced).toHaveLength(3);
  });

  test("that are too large together go one request after the other", async () => {
    const fake = createFakeCluster(() => "1");
    const { send } = queueOver(fake);
    await Promise.all([send("events", 0, large("a")), send("events", 1, large("b"))]);
    expect(fake.produced.map(placesIn)).toEqual([["events/0@0"], ["events/1@0"]]);
  });
});

describe("a send that failed", () => {
  test("is put again with the numbers that it had, where the leader is now", async () => {
    let leader = "1";
    const nodes: string[] = [];
    const fake = createFakeCluster(
      () => leader,
      (_, node) => {
        nodes.push(node);
        if (node === "2") return;
        leader = "2";
        throw kafkaError("NOT_LEADER_FOR_PARTITION", true);
      },
    );
    const { send } = queueOver(fake);
    const [first, second] = await Promise.all([
      send("events", 0, records("a", "b")),
      send("state", 0, records("c")),
    ]);
    expect([first.firstOffset, second.firstOffset]).toEqual([0, 0]);
    expect(nodes).toEqual(["1", "2"]);
    expect(fake.produced.map(placesIn)).toEqual([
      ["events/0@0", "state/0@0"],
      ["events/0@0", "state/0@0"],
    ]);
    expect(fake.refreshes).toBe(1);
  });

  test("for a reason that will stay is not put again", async () => {
    const fake = createFakeCluster(
      () => "1",
      () => {
        throw kafkaError("MESSAGE_TOO_LARGE", false);
      },
    );
    const { send } = queueOver(fake);
    await expect(send("events", 0, records("a"))).rejects.toThrow("MESSAGE_TOO_LARGE");
    expect(fake.produced).toHaveLength(1);
  });

  test("again and again is given up after its time", async () => {
    const fake = createFakeCluster(
      () => "1",
      () => {
        throw kafkaError("NOT_ENOUGH_REPLICAS", true);
      },
    );
    const { send } = queueOver(fake);
    const begunMs = performance.now();
    await expect(send("events", 0, records("a"))).rejects.toThrow("NOT_ENOUGH_REPLICAS");
    expect(performance.now() - begunMs).toBeGreaterThanOrEqual(INSIST_MS_MAX);
    expect(fake.produced.length).toBeGreaterThan(2);
    expect(new Set(fake.produced.flatMap(placesIn))).toEqual(new Set(["events/0@0"]));
  });
});

test("connections are closed by the last who has borrowed them, and nobody can use them after that", async () => {
  const fake = createFakeCluster(() => "1");
  const connections = createConnections(() => fake.cluster);
  const [one, two] = [connections.borrow(), connections.borrow()];
  const send = createProduceQueue(connections, WRITER);
  await send("events", 0, records("a"));
  await one.giveBack();
  await one.giveBack();
  await send("events", 0, records("b"));
  expect(fake.disconnects).toBe(0);
  await two.giveBack();
  expect(fake.disconnects).toBe(1);
  await expect(send("events", 0, records("c"))).rejects.toThrow("closed");
});
