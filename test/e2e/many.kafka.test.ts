import { afterAll, beforeAll, describe } from "vitest";
import { whyNoKafka } from "../support/kafka-broker.ts";
import { kafkaHouseSettings, useBroker } from "./kafka-house.ts";
import { type ManyHouse, manyOfEach, startMany } from "./many-of-each.ts";

const missing = whyNoKafka();
let house: ManyHouse;

describe.skipIf(missing !== null)(
  `on a Kafka broker${missing === null ? "" : ` (${missing})`}`,
  { timeout: 90_000 },
  () => {
    const brokers = useBroker();
    beforeAll(async () => {
      house = await startMany(await kafkaHouseSettings(brokers().addresses));
    }, 120_000);
    afterAll(() => house?.stop());
    manyOfEach(() => house);
  },
);
