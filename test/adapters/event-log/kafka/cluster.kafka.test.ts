/** Three brokers that are killed: long and heavy, so only where TEST_KAFKA_BROKERS=3 asks for it. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { applyTopics } from "../../../../adapters/event-log/kafka/apply-topics.ts";
import { type Brokers, startBrokers } from "../../../../deploy/kafka/brokers.ts";
import { type EventLog, LogUnavailableError } from "../../../../domain/ports/event-log.ts";
import { inputEntry } from "../../../contract/event-log-entries.ts";
import { firstBreak, readProven } from "../../../contract/event-log-proofs.ts";
import { createRecorder } from "../../../contract/event-log-recorder.ts";
import { makeKafkaHouse, whyNoKafka } from "../../../support/kafka-broker.ts";

const asked = process.env["TEST_KAFKA_BROKERS"] === "3";
const missing = asked ? whyNoKafka() : "asked for with TEST_KAFKA_BROKERS=3";

/** Each broker dies after one sixth of them and is back after the next. */
const INPUTS = 600;

async function inputsOf(log: EventLog, partition: number): Promise<readonly string[]> {
  const found: string[] = [];
  for await (const batch of log.read("requests", partition)) {
    found.push(...batch.map((record) => (record.ok ? record.envelope.id : "unreadable")));
  }
  return found;
}

/** As a gateway does: what was not acknowledged is appended again, and may be there twice. */
async function appendUntilTaken(log: EventLog, number: number): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      await log.append("requests", [inputEntry(number, number % 8)]);
      return;
    } catch (error) {
      if (tries >= 60) throw error;
    }
  }
}

describe.skipIf(missing !== null)(`on three brokers${missing === null ? "" : `: ${missing}`}`, () => {
  let brokers: Brokers;
  beforeAll(async () => {
    brokers = await startBrokers(3);
  }, 120_000);
  afterAll(() => brokers.stop());

  test("each is killed in turn under load: whatever was acknowledged has its effect, once per record and in order", async () => {
    const house = await makeKafkaHouse(brokers.addresses);
    const [one, two] = [createRecorder(), createRecorder()];
    const log = house.open("first").log;
    const workers = [
      log.work("dispatcher", one.makeTask),
      house.open("second").log.work("dispatcher", two.makeTask),
    ];
    const causes = new Map<number, string[]>();
    let effects = 0;
    const subscription = log.follow("events", "start", (records) => {
      for (const record of records) {
        if (!record.ok || record.envelope.causationId === null) continue;
        causes.set(record.partition, [...(causes.get(record.partition) ?? []), record.envelope.causationId]);
        effects += 1;
      }
    });
    for (let number = 0; number < INPUTS; number += 1) {
      const turn = Math.floor((number * 6) / INPUTS);
      if (number * 6 === turn * INPUTS && turn % 2 === 1) await brokers.kill((turn - 1) / 2);
      if (number * 6 === turn * INPUTS && turn % 2 === 0 && turn > 0) await brokers.restart(turn / 2 - 1);
      await appendUntilTaken(log, number);
    }
    await brokers.restart(2);
    const inputs = await Promise.all([0, 1, 2, 3, 4, 5, 6, 7].map((partition) => inputsOf(log, partition)));
    await expect.poll(() => effects, { timeout: 60_000 }).toBe(inputs.flat().length);
    for (const [partition, its] of inputs.entries()) {
      expect(causes.get(partition)).toEqual(its);
      expect(firstBreak(await readProven(log, partition))).toBeNull();
    }
    expect(new Set(inputs.flat()).size).toBe(INPUTS);
    await subscription.stop();
    await Promise.all(workers.map((worker) => worker.stop()));
    await house.close();
  }, 400_000);

  test("while too few are in step an append is refused as unavailable, and taken again after that", async () => {
    const house = await makeKafkaHouse(brokers.addresses);
    const { log } = house.open("first");
    const all = house.plans.map((plan) => ({
      ...plan,
      settings: { ...plan.settings, "min.insync.replicas": "3" },
    }));
    await applyTopics({ brokers: brokers.addresses, clientId: "test" }, all, { dryRun: false });
    await log.append("requests", [inputEntry(0)]);
    await brokers.kill(1);
    await expect(log.append("requests", [inputEntry(1)])).rejects.toThrow(LogUnavailableError);
    await brokers.restart(1);
    await appendUntilTaken(log, 8);
    expect((await inputsOf(log, 0)).at(-1)).toBe("in-8");
    await house.close();
  }, 240_000);
});
