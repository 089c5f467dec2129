/** The installer's topics over brokers that are slow, deaf or hear late; on real ones see recipes.kafka.test.ts. */
import { describe, expect, test } from "vitest";
import { applyBy, UNANSWERED_MAX } from "../../../../adapters/event-log/kafka/apply-topics.ts";
import { KafkaRefusalError } from "../../../../adapters/event-log/kafka/kafka-driver.ts";
import { planTopics } from "../../../../adapters/event-log/kafka/topics.ts";
import { EMBEDDED_PARTITIONS } from "../../../../adapters/event-log/partitions.ts";
import { LogUnavailableError } from "../../../../domain/ports/event-log.ts";

type Admin = Parameters<typeof applyBy>[0];
type Asked = Parameters<Admin["createTopics"]>[0]["topics"];

const PLANS = planTopics({ counts: EMBEDDED_PARTITIONS, replicas: 1 });
const NAMES = PLANS.map(({ name }) => name);
const WRITE = { dryRun: false };

/** kafkajs says it so. */
function timedOut(): Error {
  return Object.assign(new Error("Request CreateTopics timed out"), { name: "KafkaJSRequestTimeoutError" });
}

function refused(type: string): Error {
  return Object.assign(new Error(type), { name: "KafkaJSProtocolError", type });
}

/** Brokers on which each CreateTopics fares as the next of `answers` says; when these are used up it is done and answered. */
function brokers(answers: readonly ((asked: Asked, make: (topics: Asked) => void) => void)[]) {
  const made = new Map<string, Asked[number]>();
  const asked: (readonly string[])[] = [];
  const make = (topics: Asked): void => {
    for (const topic of topics) made.set(topic.topic, topic);
  };
  const admin: Admin = {
    listTopics: async () => [...made.keys()],
    fetchTopicMetadata: async () => ({
      topics: [...made.values()].map(({ topic, numPartitions = 0 }) => ({
        name: topic,
        partitions: Array.from({ length: numPartitions }, (_, partitionId) => ({ partitionId }) as never),
      })),
    }),
    describeConfigs: async () =>
      ({
        resources: [...made.values()].map(({ topic, configEntries = [] }) => ({
          resourceName: topic,
          configEntries: configEntries.map(({ name, value }) => ({ configName: name, configValue: value })),
        })),
      }) as never,
    async createTopics({ topics }) {
      asked.push(topics.map(({ topic }) => topic));
      const answer = answers[asked.length - 1];
      if (answer === undefined) make(topics);
      else answer(topics, make);
      return true;
    },
    alterConfigs: () => Promise.reject(new Error("nothing is to be altered in this test")),
  };
  return { admin, asked, made };
}

describe("a CreateTopics that was not answered in time", () => {
  test("but carried out is not put again: what is there now is what was planned", async () => {
    const { admin, asked } = brokers([
      (topics, make) => {
        make(topics);
        throw timedOut();
      },
    ]);
    expect(await applyBy(admin, PLANS, WRITE)).toEqual({ created: NAMES, changed: [] });
    expect(asked).toEqual([NAMES]);
  });

  test("and carried out in part is put again for the rest", async () => {
    const { admin, asked, made } = brokers([
      (topics, make) => {
        make(topics.slice(0, 3));
        throw timedOut();
      },
    ]);
    expect((await applyBy(admin, PLANS, WRITE)).created).toEqual(NAMES);
    expect(asked).toEqual([NAMES, NAMES.slice(3)]);
    expect([...made.keys()].toSorted()).toEqual(NAMES.toSorted());
  });

  test(`is put at most ${UNANSWERED_MAX} times`, async () => {
    const { admin, asked } = brokers(
      Array.from({ length: 2 * UNANSWERED_MAX }, () => () => {
        throw timedOut();
      }),
    );
    await expect(applyBy(admin, PLANS, WRITE)).rejects.toThrow(LogUnavailableError);
    expect(asked).toHaveLength(UNANSWERED_MAX);
  });

  test("while somebody else made a topic with another number of partitions, is a refusal", async () => {
    const { admin } = brokers([
      (topics, make) => {
        make(topics.map((topic) => ({ ...topic, numPartitions: 3 })));
        throw timedOut();
      },
    ]);
    await expect(applyBy(admin, PLANS, WRITE)).rejects.toThrow(KafkaRefusalError);
  });
});

test("a number that the brokers write in their own way is as planned", async () => {
  const plan = { ...PLANS[0], settings: { "min.cleanable.dirty.ratio": "0.0001" } } as (typeof PLANS)[number];
  const { admin } = brokers([
    (topics, make) =>
      make(
        topics.map((topic) => ({
          ...topic,
          configEntries: [{ name: "min.cleanable.dirty.ratio", value: "1.0E-4" }],
        })),
      ),
  ]);
  await applyBy(admin, [plan], WRITE);
  expect(await applyBy(admin, [plan], WRITE)).toEqual({ created: [], changed: [] });
});

test("a refusal is not asked for again", async () => {
  const { admin, asked } = brokers([
    () => {
      throw refused("INVALID_REPLICATION_FACTOR");
    },
  ]);
  await expect(applyBy(admin, PLANS, WRITE)).rejects.toThrow(KafkaRefusalError);
  expect(asked).toHaveLength(1);
});

test("a dry run asks for nothing", async () => {
  const { admin, asked } = brokers([]);
  expect(await applyBy(admin, PLANS, { dryRun: true })).toEqual({ created: NAMES, changed: [] });
  expect(asked).toEqual([]);
});
