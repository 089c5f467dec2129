/** Whatever a topic is packed with on its brokers, by the brokers' own libraries, its records are read. */
import { expect, test } from "vitest";
import { applyTopics } from "../../../../adapters/event-log/kafka/apply-topics.ts";
import { inputEntry } from "../../../contract/event-log-entries.ts";
import { describeOnBroker, useBroker, useKafkaHouse } from "../../../support/real-broker.ts";

/** Enough to fill several of a packer's blocks. */
const RECORDS = 1_000;

describeOnBroker(
  "topics on a Kafka broker that are set to be packed",
  () => {
    const brokers = useBroker();
    const house = useKafkaHouse(brokers);

    for (const packing of ["gzip", "snappy", "lz4", "zstd"]) {
      test(`with ${packing} are read to the end`, async () => {
        const plans = house().plans.map((plan) => ({
          ...plan,
          settings: { ...plan.settings, "compression.type": packing },
        }));
        await applyTopics({ brokers: brokers().addresses, clientId: "test" }, plans, { dryRun: false });
        const { log } = house().open("reader");
        const entries = Array.from({ length: RECORDS }, (_, index) => inputEntry(index, 3));
        await log.append("requests", entries);
        const read: unknown[] = [];
        for await (const records of log.read("requests", 3)) {
          for (const record of records) read.push(record.ok ? record.message : record.reason);
        }
        expect(read).toEqual(entries.map(({ message }) => message));
      });
    }
  },
  60_000,
);
