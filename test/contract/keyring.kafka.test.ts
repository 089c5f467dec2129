import { makeKafkaHouse } from "../support/kafka-broker.ts";
import { describeOnBroker, useBroker } from "../support/real-broker.ts";
import { describeLogKeyring } from "./keyring-on-log.ts";

describeOnBroker("on a real broker", () => {
  const brokers = useBroker();
  describeLogKeyring("kafka", () => makeKafkaHouse(brokers().addresses));
});
