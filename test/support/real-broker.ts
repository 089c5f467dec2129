/** A real broker for the tests of one block, which are skipped, saying why, where none can be started. */
import { afterAll, afterEach, beforeAll, beforeEach, describe } from "vitest";
import { type Brokers, startBrokers } from "../../deploy/kafka/brokers.ts";
import { type KafkaHouse, makeKafkaHouse, whyNoKafka } from "./kafka-broker.ts";

/** A busy machine takes its time to start Java. */
const BROKER_MS = 150_000;

/** As vitest.config.ts has it. */
const TEST_MS = 30_000;

/** The block is named after what it runs on, and what is missing for it. */
export function describeOnBroker(what: string, tests: () => void, timeoutMs = TEST_MS): void {
  const missing = whyNoKafka();
  describe.skipIf(missing !== null)(
    `${what}${missing === null ? "" : `: ${missing}`}`,
    { timeout: timeoutMs },
    () => {
      tests();
    },
  );
}

/** To be called within a block. The broker is stopped after it even where it came up too late. */
export function useBroker(): () => Brokers {
  let starting: Promise<Brokers> | null = null;
  let brokers: Brokers | null = null;
  beforeAll(async () => {
    starting = startBrokers(1);
    brokers = await starting;
  }, BROKER_MS);
  afterAll(async () => {
    const started = await starting?.catch(() => null);
    await started?.stop();
  }, BROKER_MS);
  return () => {
    if (brokers === null) throw new Error("the broker is not there yet");
    return brokers;
  };
}

/** Topics made for each test alone. */
export function useKafkaHouse(brokers: () => Brokers): () => KafkaHouse {
  let house: KafkaHouse | null = null;
  beforeEach(async () => {
    house = await makeKafkaHouse(brokers().addresses);
  });
  afterEach(async () => {
    await house?.close();
    house = null;
  });
  return () => {
    if (house === null) throw new Error("a house is made for each test, not before");
    return house;
  };
}
