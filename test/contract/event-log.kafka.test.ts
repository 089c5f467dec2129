import { makeKafkaHouse } from "../support/kafka-broker.ts";
import { describeOnBroker, useBroker } from "../support/real-broker.ts";
import { eventLogContract } from "./event-log.ts";

describeOnBroker("on a real broker", () => {
  const brokers = useBroker();
  eventLogContract("kafka", () => makeKafkaHouse(brokers().addresses));
});
