/** What may befall owners and brokers, on a real broker: nothing is lost, doubled or out of order, or it is found. */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { beforeEach, describe, expect, test } from "vitest";
import type { KafkaDriver, Place, Send } from "../../../../adapters/event-log/kafka/kafka-driver.ts";
import { createKafkaLog } from "../../../../adapters/event-log/kafka/kafka-log.ts";
import { EMBEDDED_PARTITIONS } from "../../../../adapters/event-log/partitions.ts";
import type { EventLog, Task, TopicName } from "../../../../domain/ports/event-log.ts";
import { createFreezableClock } from "../../../contract/event-log-clock.ts";
import { inputEntry, stateEntry } from "../../../contract/event-log-entries.ts";
import { firstBreak, readProven } from "../../../contract/event-log-proofs.ts";
import { createRecorder, outputsOf } from "../../../contract/event-log-recorder.ts";
import { idsOf, untilEvents } from "../../../contract/event-log-seen.ts";
import { createFakeOperatorLog } from "../../../support/fake-operator-log.ts";
import { describeOnBroker, useBroker, useKafkaHouse } from "../../../support/real-broker.ts";

const GROUP = "dispatcher";
const PARTITIONS = EMBEDDED_PARTITIONS.requests;
const SESSION_MS = 1_500;
/** Longer than the session, so that the group goes on without it. By hand: TEST_STOPPED_MS=60000. */
const STOPPED_MS = Number(process.env["TEST_STOPPED_MS"] ?? 3_000);

/** Every input of every partition has one event, in the order of the inputs. */
async function expectEffects(log: EventLog): Promise<number> {
  let count = 0;
  for (let partition = 0; partition < PARTITIONS; partition += 1) {
    const inputs = await idsOf(log, "requests", partition);
    expect(await idsOf(log, "events", partition)).toEqual(inputs.map((id) => `ev-${id}`));
    expect(firstBreak(await readProven(log, partition))).toBeNull();
    count += inputs.length;
  }
  return count;
}

function startChildOwner(args: readonly string[]) {
  const file = fileURLToPath(new URL("./child-owner.ts", import.meta.url));
  const child = spawn(process.execPath, [file, ...args], { stdio: ["pipe", "pipe", "inherit"] });
  const said: string[] = [];
  const watchers = new Set<() => void>();
  createInterface({ input: child.stdout }).on("line", (line) => {
    said.push(line);
    for (const watcher of watchers) watcher();
  });
  return {
    child,
    until: (line: string) =>
      new Promise<void>((resolve) => {
        const look = (): void => {
          if (said.includes(line)) resolve();
        };
        watchers.add(look);
        look();
      }),
  };
}

/** A driver whose transactions leave out what is sent to some topics, from when it is told to. */
function tearing(driver: KafkaDriver, isTorn: (place: Place) => boolean): KafkaDriver {
  return {
    ...driver,
    openTransactionalWriter(id) {
      const writer = driver.openTransactionalWriter(id);
      return {
        ...writer,
        transact(places, write) {
          const kept = places.filter((place) => !isTorn(place));
          return writer.transact(kept, (send) => {
            const torn: Send = (topic, partition, records) =>
              isTorn({ topic, partition })
                ? Promise.resolve({ firstOffset: 0 })
                : send(topic, partition, records);
            return write(torn);
          });
        },
      };
    },
  };
}

describeOnBroker("on a real broker", () => {
  const brokers = useBroker();
  const house = useKafkaHouse(brokers);
  let log: EventLog;
  beforeEach(() => {
    log = house().open("first").log;
  });

  async function append(from: number, to: number): Promise<void> {
    for (let number = from; number < to; number += 1) {
      await log.append("requests", [inputEntry(number, number % PARTITIONS)]);
    }
  }

  /** An owner of everything that handles inputs of partition 0, the second of them in a torn transaction. */
  async function workTorn(tornTopic: TopicName, more = 0): Promise<void> {
    let torn = false;
    const driver = tearing(house().driver, ({ topic }) => torn && topic === house().nameOf(tornTopic));
    const tornLog = createKafkaLog({
      driver,
      clock: createFreezableClock(),
      owner: "torn",
      operatorLog: createFakeOperatorLog(),
      prefix: house().prefix,
      counts: EMBEDDED_PARTITIONS,
      sessionMs: SESSION_MS,
    });
    const recorder = createRecorder({
      outputsFor: (records) => ({ ...outputsOf(records), state: [stateEntry("rq", "open")] }),
    });
    let committed = Promise.withResolvers<void>();
    const worker = tornLog.work(GROUP, (ownership) => {
      const task = recorder.makeTask(ownership);
      const handle: Task["handle"] = async (records) => {
        await task.handle(records);
        committed.resolve();
      };
      return { ...task, handle };
    });
    await recorder.until(() => recorder.at(0) !== undefined);
    for (let number = 0; number < 2 + more; number += 1) {
      torn = number === 1;
      committed = Promise.withResolvers<void>();
      await tornLog.append("requests", [inputEntry(number)]);
      await committed.promise;
    }
    await worker.stop();
    await tornLog.close();
  }

  test(
    "an owner stopped for longer than its session and woken again adds nothing to what its successor did",
    async () => {
      const owner = startChildOwner([brokers().addresses.join(","), house().prefix, String(SESSION_MS)]);
      await owner.until(`owns ${PARTITIONS}`);
      await append(0, 40);
      await untilEvents(log, 40);
      owner.child.kill("SIGSTOP");
      const recorder = createRecorder();
      const worker = log.work(GROUP, recorder.makeTask);
      await append(40, 80);
      await Promise.all([
        recorder.until(() => recorder.living().length === PARTITIONS),
        new Promise((resolve) => setTimeout(resolve, STOPPED_MS)),
      ]);
      owner.child.kill("SIGCONT");
      // It finds itself shut out, joins again and is given its half.
      await recorder.until(() => recorder.living().length === PARTITIONS / 2);
      await append(80, 120);
      await untilEvents(log, 120);
      expect(await expectEffects(log)).toBe(120);
      const gone = new Promise((resolve) => owner.child.once("exit", resolve));
      owner.child.kill("SIGKILL");
      await Promise.all([gone, worker.stop()]);
    },
    60_000 + STOPPED_MS,
  );

  test("workers that come and go under load miss nothing, double nothing and keep the order", async () => {
    const staying = createRecorder();
    const worker = log.work(GROUP, staying.makeTask);
    await staying.until(() => staying.living().length > 0);
    let appended = 0;
    const storm = new AbortController();
    const load = (async () => {
      for (; !storm.signal.aborted; appended += 1) {
        await log.append("requests", [inputEntry(appended, appended % PARTITIONS)]);
      }
    })();
    for (let visit = 0; visit < 4; visit += 1) {
      const visitor = createRecorder();
      const visiting = house().open(`visitor-${visit}`).log.work(GROUP, visitor.makeTask);
      await visitor.until(() => visitor.living().length > 0);
      await visiting.stop();
    }
    storm.abort();
    await load;
    await untilEvents(log, appended);
    expect(await expectEffects(log)).toBe(appended);
    await worker.stop();
  }, 60_000);

  describe("a torn transaction", () => {
    test("whose state is missing is healed: the next owner has the event, and is not given its input again", async () => {
      await workTorn("state");
      const recorder = createRecorder();
      const worker = log.work(GROUP, recorder.makeTask);
      await log.append("requests", [inputEntry(2)]);
      await untilEvents(log, 3);
      expect(await idsOf(log, "events", 0)).toEqual(["ev-in-0", "ev-in-1", "ev-in-2"]);
      expect(recorder.at(0)?.inputs.map((input) => input.ok && input.envelope.id)).toEqual(["in-2"]);
      await worker.stop();
    });

    test("whose events are missing is found: its input has no consequence, and the chain breaks at the next one", async () => {
      await workTorn("events", 1);
      const causes: unknown[] = [];
      for await (const batch of log.read("events", 0)) {
        causes.push(...batch.map((record) => (record.ok ? record.envelope.causationId : null)));
      }
      expect(causes).toEqual([null, "in-0", "in-2"]);
      const events = await readProven(log, 0);
      expect(firstBreak(events)).toBe(events.at(-1)?.offset);
    });
  });
});
