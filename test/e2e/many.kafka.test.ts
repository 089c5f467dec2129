import { afterAll, beforeAll } from "vitest";
import { describeOnBroker, useBroker } from "../support/real-broker.ts";
import { kafkaHouseSettings } from "./kafka-house.ts";
import { type ManyHouse, manyOfEach, startMany } from "./many-of-each.ts";

let house: ManyHouse;

describeOnBroker(
  "on a Kafka broker",
  () => {
    const brokers = useBroker();
    beforeAll(async () => {
      house = await startMany(await kafkaHouseSettings(brokers().addresses));
    }, 120_000);
    afterAll(() => house?.stop());
    manyOfEach(() => house);
  },
  90_000,
);
