/** kafkajs's producers, held to what is safe with them: one `send` is one partition, and a failed one is thrown away. */
import { setTimeout } from "node:timers/promises";
import kafkajs, {
  type Kafka,
  type Message,
  type Producer,
  type RecordMetadata,
  type RetryOptions,
} from "kafkajs";
import { LogUnavailableError } from "../../../domain/ports/event-log.ts";
import type { KafkaWriter, OutgoingRecord, Send, TransactionalWriter } from "./kafka-driver.ts";
import { toPortError, toTransactionError } from "./kafkajs-errors.ts";

/**
 * A transaction that follows another at once is told CONCURRENT_TRANSACTIONS until the markers of the first are
 * written, within milliseconds: kafkajs's 300 ms would make every transaction that long. In all about 8 s.
 */
const SEND_RETRY: RetryOptions = {
  retries: 40,
  initialRetryTime: 1,
  multiplier: 1.5,
  factor: 0.2,
  maxRetryTime: 300,
};
/** A transaction that hangs keeps every reader of its partitions from going on for as long. */
const TRANSACTION_TIMEOUT_MS = 10_000;
const FENCE_TRIES_MAX = 20;
const FENCE_AGAIN_MS = 100;
const ALL_REPLICAS = -1;

function openProducer(kafka: Kafka, transactionalId: string | null): Producer {
  const settings = {
    idempotent: true,
    maxInFlightRequests: 1,
    allowAutoTopicCreation: false,
    createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
    retry: SEND_RETRY,
  };
  if (transactionalId === null) return kafka.producer(settings);
  return kafka.producer({ ...settings, transactionalId, transactionTimeout: TRANSACTION_TIMEOUT_MS });
}

export async function openKafkajsWriter(kafka: Kafka): Promise<KafkaWriter> {
  const producer = openProducer(kafka, null);
  try {
    await producer.connect();
  } catch (error) {
    await disconnect(producer);
    throw toPortError("connect a producer", error);
  }
  return {
    async send(topic, partition, records) {
      try {
        return await sendThrough(producer)(topic, partition, records);
      } catch (error) {
        throw toPortError(`append to ${topic}/${partition}`, error);
      }
    },
    close: () => disconnect(producer),
  };
}

export async function openKafkajsTransactionalWriter(
  kafka: Kafka,
  transactionalId: string,
): Promise<TransactionalWriter> {
  const producer = openProducer(kafka, transactionalId);
  try {
    await producer.connect();
  } catch (error) {
    await disconnect(producer);
    throw toPortError(`connect ${transactionalId}`, error);
  }
  // kafkajs is stuck in the transaction that failed: whoever goes on with this writer hears of that one again.
  let failure: Error | null = null;
  return {
    fence: () => fence(producer, transactionalId),
    async transact(write) {
      if (failure !== null) throw failure;
      try {
        const transaction = await producer.transaction();
        const answer = await write(sendThrough(transaction));
        await transaction.commit();
        return answer;
      } catch (error) {
        // Not aborted: its outcome is unknown, and the next owner's fence ends it either way.
        failure = toTransactionError(`commit of ${transactionalId}`, error);
        throw failure;
      }
    },
    close: () => disconnect(producer),
  };
}

/** A coordinator that is just being elected is there within moments. */
async function fence(producer: Producer, transactionalId: string): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      // connect() does not fence: the first transaction asks for the new epoch. An empty one sends nothing else.
      const empty = await producer.transaction();
      await empty.abort();
      return;
    } catch (error) {
      const known = toTransactionError(`fence ${transactionalId}`, error);
      if (!(known instanceof LogUnavailableError) || tries >= FENCE_TRIES_MAX) throw known;
    }
    await setTimeout(FENCE_AGAIN_MS);
  }
}

/**
 * One call, one partition: a call that touches two brokers and is tried again may append the part that had
 * succeeded a second time, inside one committed transaction.
 */
function sendThrough(producer: Pick<Producer, "send">): Send {
  return async (topic, partition, records) => {
    const answers = await producer.send({
      topic,
      acks: ALL_REPLICAS,
      compression: kafkajs.CompressionTypes.ZSTD,
      messages: records.map((record) => toMessage(partition, record)),
    });
    return { firstOffset: firstOffsetOf(answers, topic, partition) };
  };
}

function toMessage(partition: number, { key, value, headers }: OutgoingRecord): Message {
  return { partition, key, value, headers: { ...headers } };
}

function firstOffsetOf(answers: readonly RecordMetadata[], topic: string, partition: number): number {
  const offset = Number(answers[0]?.baseOffset);
  if (Number.isSafeInteger(offset) && offset >= 0) return offset;
  throw new LogUnavailableError(`append to ${topic}/${partition}: acknowledged without an offset`);
}

async function disconnect(producer: Producer): Promise<void> {
  try {
    await producer.disconnect();
  } catch {
    // A connection that is already gone needs no goodbye.
  }
}
