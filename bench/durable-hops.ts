/** What a Request's way rests on, bare: the durable writes between POST and INVITE, one after the other. */
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import kafkajs from "kafkajs";
import type { KafkaBench } from "./kafka-bench.ts";
import { openRawStore } from "./raw-log.ts";

export type Hops = {
  /** In words, for the bench's line. */
  readonly what: string;
  readonly timesMs: readonly number[];
};

export type HopPace = { readonly rounds: number; readonly perSecond: number };

const RECORD = Buffer.alloc(500);
const EMBEDDED_HOPS = 3;

/** At the rate of the run: a disk that is always busy answers otherwise than one that rests. */
export async function embeddedHops(dataFolder: string, pace: HopPace): Promise<Hops> {
  const store = openRawStore(join(dataFolder, "floor.db"));
  const timesMs = await paced(pace, async () => {
    for (let hop = 0; hop < EMBEDDED_HOPS; hop += 1) {
      await store.append([{ topic: "requests", partition: 0, key: "floor", value: RECORD, envelope: "[]" }]);
      await store.durable();
    }
  });
  await store.close();
  return { what: `${EMBEDDED_HOPS} durable appends to the bare store, one after the other`, timesMs };
}

/** The command, the offer's transaction, the server's yes, the grant's transaction: kafkajs without anything around it. */
export async function kafkaHops({ client, nameOf }: KafkaBench, pace: HopPace): Promise<Hops> {
  const options = {
    allowAutoTopicCreation: false,
    createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
  };
  const plain = client.producer({ ...options, idempotent: true, maxInFlightRequests: 1 });
  // The default waits 300 ms for the markers of the transaction before.
  const retry = { retries: 40, initialRetryTime: 1, multiplier: 1.5, maxRetryTime: 300 };
  const owner = client.producer({
    ...options,
    retry,
    idempotent: true,
    maxInFlightRequests: 1,
    transactionalId: "floor",
  });
  await Promise.all([plain.connect(), owner.connect()]);
  const messages = [{ partition: 0, key: "floor", value: RECORD }];
  const append = (): Promise<unknown> => plain.send({ topic: nameOf("requests"), acks: -1, messages });
  const commit = async (): Promise<void> => {
    const transaction = await owner.transaction();
    const topicMessages = (["events", "state", "offers"] as const).map((topic) => ({
      topic: nameOf(topic),
      messages,
    }));
    await transaction.sendBatch({ acks: -1, topicMessages });
    await transaction.commit();
  };
  const timesMs = await paced(pace, async () => {
    for (const hop of [append, commit, append, commit]) await hop();
  });
  await Promise.all([plain.disconnect(), owner.disconnect()]);
  return { what: "bare kafkajs: append, transaction, append, transaction, one after the other", timesMs };
}

async function paced(pace: HopPace, round: () => Promise<void>): Promise<readonly number[]> {
  const timesMs: number[] = [];
  await round();
  for (let index = 0; index < pace.rounds; index += 1) {
    const begun = performance.now();
    await round();
    timesMs.push(performance.now() - begun);
    await pause(1_000 / pace.perSecond);
  }
  return timesMs;
}
