import kafkajs from "kafkajs";
import { afterAll, beforeAll } from "vitest";
import { writeHeaders } from "../../schemas/cloud-event-headers.ts";
import { freeAddress } from "../support/free-address.ts";
import { describeOnBroker, useBroker } from "../support/real-broker.ts";
import { kafkaHouseSettings } from "./kafka-house.ts";
import { type Plant, type PoisonedHouse, poisonRecords, startPoisoned } from "./poison-records.ts";

let house: PoisonedHouse;

/** As any other program of the cluster would write there. */
function plantBy(addresses: readonly string[], prefix: string): Plant {
  return async (topic, partition, records) => {
    const kafka = new kafkajs.Kafka({ brokers: [...addresses], logLevel: kafkajs.logLevel.NOTHING });
    const producer = kafka.producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner });
    await producer.connect();
    const offsets: number[] = [];
    for (const { key, body, envelope } of records) {
      const about = { type: "stranger", dataSchema: null, partitionKey: key ?? "" };
      const message = {
        key,
        value: body === null ? null : Buffer.from(body),
        partition,
        ...(envelope === null ? {} : { headers: { ...writeHeaders(envelope, about) } }),
      };
      const [sent] = await producer.send({ topic: `${prefix}${topic}`, messages: [message] });
      offsets.push(Number(sent?.baseOffset));
    }
    await producer.disconnect();
    return offsets;
  };
}

describeOnBroker(
  "poison records on a Kafka broker",
  () => {
    const brokers = useBroker();
    beforeAll(async () => {
      const { addresses } = brokers();
      const settings = await kafkaHouseSettings(addresses);
      const prefix = settings["REVEILLE_KAFKA_PREFIX"] ?? "";
      house = await startPoisoned(settings, await freeAddress(), () => plantBy(addresses, prefix));
    }, 120_000);
    afterAll(() => house?.stop());
    poisonRecords(() => house);
  },
  120_000,
);
