/** Plain and transactional writers over shared connections: who they are to the brokers, and how a transaction goes. */
import type { Cluster } from "kafkajs";
import type { KafkaWriter, Place, Send, TransactionalWriter } from "./kafka-driver.ts";
import type { Connections, TransactionBroker } from "./kafkajs-connections.ts";
import { isBusyElsewhere, toPortError, toTransactionError } from "./kafkajs-errors.ts";
import { createProduceQueue, type ProducerIdentity } from "./kafkajs-produce.ts";

/** A transaction that hangs keeps every reader of its partitions from going on for as long. */
const TRANSACTION_TIMEOUT_MS = 10_000;
const TRANSACTION_COORDINATOR = 1;

/** Throws `LogUnavailableError` and `KafkaRefusalError`. */
export async function openKafkajsWriter(connections: Connections): Promise<KafkaWriter> {
  const loan = connections.borrow();
  try {
    const send = await openQueue(connections);
    return {
      send: (topic, partition, records) =>
        send(topic, partition, records).catch((error: unknown) => {
          throw toPortError(`append to ${topic}/${partition}`, error);
        }),
      close: () => loan.giveBack(),
    };
  } catch (error) {
    await loan.giveBack();
    throw toPortError("open a writer", error);
  }
}

async function openQueue(connections: Connections): Promise<Send> {
  const identity = await connections.insist([], async (cluster) => {
    const broker = (await cluster.findControllerBroker()) as TransactionBroker;
    return broker.initProducerId({ transactionTimeout: TRANSACTION_TIMEOUT_MS });
  });
  const { producerId, producerEpoch } = identity;
  return createProduceQueue(connections, { transactionalId: null, producerId, producerEpoch });
}

/** Asks nothing of the brokers yet. */
export function openKafkajsTransactionalWriter(
  connections: Connections,
  transactionalId: string,
): TransactionalWriter {
  const loan = connections.borrow();
  let coordinator: string | null = null;
  let owner: { readonly identity: ProducerIdentity; readonly send: Send } | null = null;
  // A transaction that failed has an unknown outcome: whoever goes on with this writer hears of that one again.
  let failure: Error | null = null;

  /** Looked for anew after any failure: it may have moved. */
  async function coordinatorIn(cluster: Cluster): Promise<TransactionBroker> {
    if (coordinator !== null) {
      return (await cluster.findBroker({ nodeId: coordinator })) as TransactionBroker;
    }
    const asked = { groupId: transactionalId, coordinatorType: TRANSACTION_COORDINATOR };
    const found = (await cluster.findGroupCoordinator(asked)) as TransactionBroker & { nodeId: string };
    coordinator = found.nodeId;
    return found;
  }

  function ask<T>(question: (broker: TransactionBroker) => Promise<T>): Promise<T> {
    return connections.insist([], async (cluster) => {
      try {
        return await question(await coordinatorIn(cluster));
      } catch (error) {
        if (!isBusyElsewhere(error)) coordinator = null;
        throw error;
      }
    });
  }

  /** Asking for a new epoch ends what a former writer left open, and shuts it out. */
  async function identify(): Promise<{ readonly identity: ProducerIdentity; readonly send: Send }> {
    const given = await ask((broker) =>
      broker.initProducerId({ transactionalId, transactionTimeout: TRANSACTION_TIMEOUT_MS }),
    );
    const identity = { transactionalId, ...given };
    return { identity, send: createProduceQueue(connections, identity) };
  }

  /** Three round trips: all partitions at once, all records at once, the end. */
  async function run<T>(places: readonly Place[], write: (send: Send) => Promise<T>): Promise<T> {
    owner ??= await identify();
    const { identity, send } = owner;
    const { producerId, producerEpoch } = identity;
    const who = { transactionalId, producerId, producerEpoch };
    await ask((broker) => broker.addPartitionsToTxn({ ...who, topics: byTopic(places) }));
    const answer = await write(send);
    await ask((broker) => broker.endTxn({ ...who, transactionResult: true }));
    return answer;
  }

  async function failing<T>(asked: string, attempt: () => Promise<T>): Promise<T> {
    if (failure !== null) throw failure;
    try {
      return await attempt();
    } catch (error) {
      // Not aborted: the next owner's fence ends it either way.
      failure = toTransactionError(`${asked} ${transactionalId}`, error);
      throw failure;
    }
  }

  return {
    fence: () =>
      failing("fence", async () => {
        owner = await identify();
      }),
    transact: (places, write) => failing("commit of", () => run(places, write)),
    close: () => loan.giveBack(),
  };
}

function byTopic(
  places: readonly Place[],
): readonly { readonly topic: string; readonly partitions: readonly number[] }[] {
  return [...Map.groupBy(places, ({ topic }) => topic)].map(([topic, its]) => ({
    topic,
    partitions: its.map(({ partition }) => partition),
  }));
}
