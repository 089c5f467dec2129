import type { KafkaDriver } from "./kafka-driver.ts";
import { createKafkajsClient, type KafkaConnection, openCluster } from "./kafkajs-client.ts";
import { type Connections, createConnections } from "./kafkajs-connections.ts";
import { createKafkajsGroup } from "./kafkajs-group.ts";
import { createKafkajsReader } from "./kafkajs-reader.ts";
import { openKafkajsTransactionalWriter, openKafkajsWriter } from "./kafkajs-writers.ts";

/**
 * Connections to each broker that the owners of partitions share: a broker answers one request of a connection
 * after the other, and a connection for each of 48 partitions would cost more to open than a takeover may take.
 */
const TRANSACTION_LANES = 8;

/** Connects to nothing yet. Throws `UnknownKafkajsError`. */
export function createKafkajsDriver(connection: KafkaConnection): KafkaDriver {
  const kafka = createKafkajsClient(connection);
  const lanes = Array.from({ length: TRANSACTION_LANES }, () => createConnections(() => openCluster(kafka)));
  let opened = 0;

  /** In turn. */
  function nextLane(): Connections {
    const lane = lanes[opened % TRANSACTION_LANES];
    opened += 1;
    return lane ?? createConnections(() => openCluster(kafka));
  }

  return {
    openReader: () => createKafkajsReader(() => openCluster(kafka)),
    openWriter: () => openKafkajsWriter(createConnections(() => openCluster(kafka))),
    openTransactionalWriter: (transactionalId) => openKafkajsTransactionalWriter(nextLane(), transactionalId),
    openGroup: (settings) => createKafkajsGroup(() => openCluster(kafka), settings),
  };
}
