/** Three brokers, one of them killed: long and heavy, so only where TEST_KAFKA_BROKERS=3 asks for it. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Brokers, startBrokers } from "../../../../deploy/kafka/brokers.ts";
import type { EventLog } from "../../../../domain/ports/event-log.ts";
import { inputEntry } from "../../../contract/event-log-entries.ts";
import { createRecorder } from "../../../contract/event-log-recorder.ts";
import { makeKafkaHouse, whyNoKafka } from "../../../support/kafka-broker.ts";

const asked = process.env["TEST_KAFKA_BROKERS"] === "3";
const missing = asked ? whyNoKafka() : "asked for with TEST_KAFKA_BROKERS=3";

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

  test("one is killed under load and comes back: whatever was acknowledged has its effect, once per record", async () => {
    const house = await makeKafkaHouse(brokers.addresses);
    const [one, two] = [createRecorder(), createRecorder()];
    const log = house.open("first").log;
    const workers = [
      log.work("dispatcher", one.makeTask),
      house.open("second").log.work("dispatcher", two.makeTask),
    ];
    const causes: string[] = [];
    const subscription = log.follow("events", "start", (records) => {
      for (const record of records) if (record.ok) causes.push(record.envelope.causationId ?? "mark");
    });
    for (let number = 0; number < 400; number += 1) {
      if (number === 100) await brokers.kill(1);
      if (number === 300) await brokers.restart(1);
      await appendUntilTaken(log, number);
    }
    const inputs: string[] = [];
    for (let partition = 0; partition < 8; partition += 1) {
      for await (const batch of log.read("requests", partition)) {
        inputs.push(...batch.map((record) => (record.ok ? record.envelope.id : "unreadable")));
      }
    }
    await expect
      .poll(() => causes.filter((cause) => cause !== "mark").length, { timeout: 60_000 })
      .toBe(inputs.length);
    expect(causes.filter((cause) => cause !== "mark").toSorted()).toEqual(inputs.toSorted());
    expect(new Set(inputs).size).toBe(400);
    await subscription.stop();
    await Promise.all(workers.map((worker) => worker.stop()));
    await house.close();
  }, 240_000);
});
