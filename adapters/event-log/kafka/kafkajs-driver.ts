import type { KafkaDriver } from "./kafka-driver.ts";
import { createKafkajsClient, type KafkaConnection, openCluster } from "./kafkajs-client.ts";
import { createKafkajsGroup } from "./kafkajs-group.ts";
import { createKafkajsReader } from "./kafkajs-reader.ts";
import { openKafkajsTransactionalWriter, openKafkajsWriter } from "./kafkajs-writers.ts";

/** Connects to nothing yet. Throws `UnknownKafkajsError`. */
export function createKafkajsDriver(connection: KafkaConnection): KafkaDriver {
  const kafka = createKafkajsClient(connection);
  return {
    openReader: () => createKafkajsReader(() => openCluster(kafka)),
    openWriter: () => openKafkajsWriter(kafka),
    openTransactionalWriter: (transactionalId) => openKafkajsTransactionalWriter(kafka, transactionalId),
    openGroup: (settings) => createKafkajsGroup(() => openCluster(kafka), settings),
  };
}
