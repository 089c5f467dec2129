import { afterAll, beforeAll, describe } from "vitest";
import { type Brokers, startBrokers } from "../../deploy/kafka/brokers.ts";
import { makeKafkaHouse, whyNoKafka } from "../support/kafka-broker.ts";
import { describeLogKeyring } from "./keyring-on-log.ts";

const missing = whyNoKafka();

describe.skipIf(missing !== null)(`on a real broker${missing === null ? "" : `: ${missing}`}`, () => {
  let brokers: Brokers;
  beforeAll(async () => {
    brokers = await startBrokers(1);
  });
  afterAll(() => brokers.stop());

  describeLogKeyring("kafka", () => makeKafkaHouse(brokers.addresses));
});
