/** What the adapter rests on, seen on a real broker. */
import kafkajs from "kafkajs";
import { beforeEach, describe, expect, test } from "vitest";
import { applyTopics } from "../../../../adapters/event-log/kafka/apply-topics.ts";
import { KafkaRefusalError, LogGapError } from "../../../../adapters/event-log/kafka/kafka-driver.ts";
import { createKafkaLog } from "../../../../adapters/event-log/kafka/kafka-log.ts";
import { topicNamer } from "../../../../adapters/event-log/kafka/topics.ts";
import { EMBEDDED_PARTITIONS } from "../../../../adapters/event-log/partitions.ts";
import type { Delivered, EventLog, TopicName } from "../../../../domain/ports/event-log.ts";
import { OwnershipLostError } from "../../../../domain/ports/event-log.ts";
import { createFreezableClock } from "../../../contract/event-log-clock.ts";
import { inputEntry, stateEntry } from "../../../contract/event-log-entries.ts";
import { createRecorder } from "../../../contract/event-log-recorder.ts";
import { idsOf, untilEvents } from "../../../contract/event-log-seen.ts";
import { createFakeOperatorLog } from "../../../support/fake-operator-log.ts";
import { makeKafkaHouse } from "../../../support/kafka-broker.ts";
import { describeOnBroker, useBroker, useKafkaHouse } from "../../../support/real-broker.ts";

const GROUP = "dispatcher";
const PARTITIONS = EMBEDDED_PARTITIONS.requests;

async function allEvents(log: EventLog): Promise<readonly string[]> {
  const found: string[] = [];
  for (let partition = 0; partition < PARTITIONS; partition += 1) {
    found.push(...(await idsOf(log, "events", partition)));
  }
  return found.toSorted();
}

const eventsFor = (numbers: readonly number[]): readonly string[] =>
  numbers.map((number) => `ev-in-${number}`).toSorted();

const outgoing = (key: string) => ({ key, value: Buffer.from(key), headers: {} });

/** Does not compress away. */
const noise = (): string => Buffer.from(crypto.getRandomValues(new Uint8Array(60_000))).toString("base64");

describeOnBroker("on a real broker", () => {
  const brokers = useBroker();
  const house = useKafkaHouse(brokers);
  let log: EventLog;
  beforeEach(() => {
    log = house().open("first").log;
  });

  async function withAdmin<T>(use: (admin: kafkajs.Admin) => Promise<T>): Promise<T> {
    const kafka = new kafkajs.Kafka({
      brokers: [...brokers().addresses],
      logLevel: kafkajs.logLevel.NOTHING,
    });
    const admin = kafka.admin();
    await admin.connect();
    try {
      return await use(admin);
    } finally {
      await admin.disconnect();
    }
  }

  describe("writers", () => {
    test("of two with one id the first is shut out by the second's fence, and nothing of it becomes visible", async () => {
      const topic = house().nameOf("events");
      const first = house().driver.openTransactionalWriter("writer");
      await first.fence();
      const second = house().driver.openTransactionalWriter("writer");
      const late = first.transact([{ topic, partition: 0 }], async (send) => {
        await send(topic, 0, [outgoing("zombie")]);
        await second.fence();
      });
      await expect(late).rejects.toThrow(OwnershipLostError);
      await expect(
        first.transact([{ topic, partition: 0 }], (send) => send(topic, 0, [outgoing("zombie")])),
      ).rejects.toThrow(OwnershipLostError);
      await second.transact([{ topic, partition: 0 }], (send) => send(topic, 0, [outgoing("owner")]));
      const reader = house().driver.openReader();
      const end = (await reader.bounds(topic)).get(0)?.end ?? 0;
      const keys: string[] = [];
      for (let from = 0; from < end; ) {
        const part = await reader.readAt(topic, 0, from);
        keys.push(...part.records.map(({ key }) => key));
        from = part.next;
      }
      expect(keys).toEqual(["owner"]);
      await Promise.all([first.close(), second.close(), reader.close()]);
    });

    test("a commit larger than a broker takes at once is written in pieces, all of it or nothing", async () => {
      const recorder = createRecorder();
      const worker = log.work(GROUP, recorder.makeTask);
      await recorder.until(() => recorder.at(0) !== undefined);
      // Three times what goes into one piece.
      const state = Array.from({ length: 40 }, (_, index) => stateEntry(`rq-${index}`, noise()));
      await recorder.at(0)?.ownership.commit({ events: [], state, offers: [], handledUpTo: null });
      expect(await idsOf(log, "state", 0)).toEqual(state.map(({ envelope }) => envelope.id));
      await worker.stop();
    });
  });

  describe("readers", () => {
    test("read what others have compressed with zstd, and take a record without our headers for unreadable", async () => {
      const kafka = new kafkajs.Kafka({
        brokers: [...brokers().addresses],
        logLevel: kafkajs.logLevel.NOTHING,
      });
      const producer = kafka.producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner });
      await producer.connect();
      const [topic, messages] = [
        house().nameOf("load"),
        [{ key: "foreign", value: "x".repeat(10_000), partition: 0 }],
      ];
      await producer.send({ topic, messages, compression: kafkajs.CompressionTypes.ZSTD });
      await producer.disconnect();
      const seen: Delivered<"load">[] = [];
      const subscription = log.follow("load", "start", (records) => void seen.push(...records));
      await subscription.caughtUp;
      await subscription.stop();
      expect(seen).toMatchObject([{ ok: false, key: "foreign", reason: "not a CloudEvent 1.0" }]);
    });

    test("a follower whose next record has been deleted is refused; one from the start begins at what is left", async () => {
      await log.append(
        "requests",
        [1, 2, 3, 4, 5, 6].map((number) => inputEntry(number)),
      );
      await deleteBefore("requests", 4);
      const behind = log.follow("requests", { after: new Map([[0, 0]]) }, () => undefined);
      await expect(behind.ended).rejects.toThrow(LogGapError);
      expect(await idsOf(log, "requests", 0)).toEqual(["in-5", "in-6"]);
    });
  });

  async function deleteBefore(topic: TopicName, offset: number): Promise<void> {
    await withAdmin(async (admin) => {
      // Which also makes it learn the topic's leaders.
      await admin.fetchTopicOffsets(house().nameOf(topic));
      await admin.deleteTopicRecords({
        topic: house().nameOf(topic),
        partitions: [{ partition: 0, offset: String(offset) }],
      });
    });
  }

  describe("owners", () => {
    test("a group's positions set back to zero bring no new effects: the log itself knows what was handled", async () => {
      const first = createRecorder();
      const worker = log.work(GROUP, first.makeTask);
      await log.append(
        "requests",
        [1, 2, 3].map((number) => inputEntry(number)),
      );
      await first.until(() => first.at(0)?.inputs.length === 3);
      await worker.stop();
      await withAdmin((admin) =>
        admin.setOffsets({
          groupId: house().nameOf(GROUP),
          topic: house().nameOf("requests"),
          partitions: [{ partition: 0, offset: "0" }],
        }),
      );
      const second = createRecorder();
      const next = house().open("second").log.work(GROUP, second.makeTask);
      await log.append("requests", [inputEntry(4)]);
      await second.until(() => second.at(0)?.inputs.length === 1);
      await next.stop();
      expect(second.tasks.flatMap((task) => task.inputs.map(({ offset }) => offset))).toEqual([3]);
      expect(await allEvents(log)).toEqual(eventsFor([1, 2, 3, 4]));
    });

    test("houses that share a cluster share no group: each owns all of its own partitions", async () => {
      const other = await makeKafkaHouse(brokers().addresses);
      const [ours, theirs] = [createRecorder(), createRecorder()];
      const workers = [log.work(GROUP, ours.makeTask), other.open("theirs").log.work(GROUP, theirs.makeTask)];
      await ours.until(() => ours.living().length === PARTITIONS);
      await theirs.until(() => theirs.living().length === PARTITIONS);
      expect(ours.living().length).toBe(PARTITIONS);
      await Promise.all(workers.map((worker) => worker.stop()));
      await other.close();
    });

    test("a worker tells its group how far it has got, for those who watch its lag", async () => {
      const recorder = createRecorder();
      const worker = log.work(GROUP, recorder.makeTask);
      await log.append(
        "requests",
        [1, 2, 3].map((number) => inputEntry(number, 5)),
      );
      await recorder.until(() => recorder.at(5)?.inputs.length === 3);
      await worker.stop();
      const [told] = await withAdmin((admin) =>
        admin.fetchOffsets({ groupId: house().nameOf(GROUP), topics: [house().nameOf("requests")] }),
      );
      expect(told?.partitions.find(({ partition }) => partition === 5)?.offset).toBe("3");
    });

    test("a partition whose next input has been deleted is refused, and the others work on", async () => {
      const first = createRecorder();
      const worker = log.work(GROUP, first.makeTask);
      await log.append("requests", [inputEntry(1)]);
      await first.until(() => first.at(0)?.inputs.length === 1);
      await worker.stop();
      await log.append(
        "requests",
        [2, 3, 4, 5, 6].map((number) => inputEntry(number)),
      );
      await deleteBefore("requests", 4);
      const second = createRecorder();
      const operatorLog = createFakeOperatorLog();
      const clock = createFreezableClock();
      const { prefix } = house();
      const options = { driver: house().driver, clock, owner: "second", operatorLog, prefix };
      const other = createKafkaLog({ ...options, counts: EMBEDDED_PARTITIONS, sessionMs: 1_500 });
      const next = other.work(GROUP, second.makeTask);
      await log.append("requests", [inputEntry(7, 1)]);
      await second.until(
        () =>
          second.at(1)?.inputs.length === 1 &&
          second.tasks.some((task) => task.ownership.partition === 0 && task.dropped),
      );
      await next.stop();
      await other.close();
      const dropped = operatorLog.lines.filter(({ facts }) => facts["partition"] === 0);
      expect(dropped[0]?.facts).toMatchObject({ how: "failed", error: expect.any(LogGapError) });
      expect(
        second.tasks.filter((task) => task.ownership.partition === 0).flatMap((task) => task.inputs),
      ).toEqual([]);
    });

    test("three share the work under load while one falls asleep and one leaves: each input has one effect", async () => {
      const recorders = [createRecorder(), createRecorder(), createRecorder()] as const;
      const [one, two, three] = recorders;
      const numbers = Array.from({ length: 600 }, (_, number) => number);
      const first = log.work(GROUP, one.makeTask);
      await one.until(() => one.living().length === PARTITIONS);
      const sleeper = house().open("sleeper");
      const second = sleeper.log.work(GROUP, two.makeTask);
      await append(numbers.slice(0, 200));
      await two.until(() => two.living().length === PARTITIONS / 2);
      sleeper.freeze();
      const third = house().open("third").log.work(GROUP, three.makeTask);
      await append(numbers.slice(200, 400));
      await first.stop();
      await append(numbers.slice(400));
      await three.until(() => three.living().length === PARTITIONS);
      await untilEvents(log, numbers.length);
      await Promise.all([second.stop(), third.stop()]);
      expect(await allEvents(log)).toEqual(eventsFor(numbers));
    });

    test("the broker goes away in the middle and comes back: work, followers and appends go on, each input once", async () => {
      const recorder = createRecorder();
      const worker = log.work(GROUP, recorder.makeTask);
      await append(Array.from({ length: 80 }, (_, number) => number));
      await recorder.until(() => recorder.living().length === PARTITIONS);
      const following = untilEvents(house().open("reader").log, 160);

      await brokers().kill(0);
      await expect(log.append("requests", [inputEntry(999)])).rejects.toMatchObject({ retryable: true });
      await brokers().restart(0);
      await append(Array.from({ length: 80 }, (_, number) => 80 + number));
      await following;
      await worker.stop();
      expect(await allEvents(log)).toEqual(eventsFor(Array.from({ length: 160 }, (_, number) => number)));
    }, 90_000);
  });

  async function append(numbers: readonly number[]): Promise<void> {
    await Promise.all(
      numbers.map((number) => log.append("requests", [inputEntry(number, number % PARTITIONS)])),
    );
  }

  describe("topics", () => {
    test("a dry run tells what would be made, and makes nothing", async () => {
      const connection = { brokers: brokers().addresses, clientId: "test" };
      const plans = house().plans.map((plan) => ({ ...plan, name: `dry.${plan.name}` }));
      const told = await applyTopics(connection, plans, { dryRun: true });
      expect(told).toEqual({ created: plans.map(({ name }) => name), changed: [] });
      expect(await withAdmin((admin) => admin.listTopics())).not.toContain(plans[0]?.name);
    });

    test("what is as planned is left alone, and a setting that differs is changed with the others kept", async () => {
      const connection = { brokers: brokers().addresses, clientId: "test" };
      expect(await applyTopics(connection, house().plans, { dryRun: false })).toEqual({
        created: [],
        changed: [],
      });
      const shorter = house().plans.map((plan) => ({
        ...plan,
        settings: { ...plan.settings, "segment.bytes": "1048576" },
      }));
      const { changed } = await applyTopics(connection, shorter, { dryRun: false });
      expect(changed.map(({ topic }) => topic)).toEqual(house().plans.map(({ name }) => name));
      // The controller has it at once, the brokers hear of it a moment later.
      const dryRun = () => applyTopics(connection, shorter, { dryRun: true });
      await expect.poll(dryRun, { timeout: 10_000 }).toEqual({ created: [], changed: [] });
    });

    test("with another number of partitions they are refused, by the installer and by the log", async () => {
      const connection = { brokers: brokers().addresses, clientId: "test" };
      const more = house().plans.map((plan) => ({ ...plan, partitions: plan.partitions + 1 }));
      await expect(applyTopics(connection, more, { dryRun: false })).rejects.toThrow(KafkaRefusalError);
      const { prefix } = house();
      expect(topicNamer(prefix)("load")).toBe(house().nameOf("load"));
      const counts = { ...EMBEDDED_PARTITIONS, requests: 12, events: 12, state: 12 };
      const options = {
        driver: house().driver,
        clock: createFreezableClock(),
        owner: "wrong",
        prefix,
        counts,
      };
      const wrong = createKafkaLog({ ...options, operatorLog: createFakeOperatorLog() });
      await expect(wrong.append("requests", [inputEntry(1)])).rejects.toThrow(/has 8 partitions.*counts 12/);
      await expect(wrong.follow("events", "start", () => undefined).ended).rejects.toThrow(KafkaRefusalError);
      await wrong.close();
      expect(await idsOf(log, "requests", 0)).toEqual([]);
    });
  });
});
