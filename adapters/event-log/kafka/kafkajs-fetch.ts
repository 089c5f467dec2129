/** One fetch, as the wire knows it, and what readers make of the answer. */
import type { Broker, Cluster } from "kafkajs";
import type { FetchedPart } from "./kafka-driver.ts";
import { type AbortedTransaction, type RawRecord, visibleRecords } from "./visible-records.ts";

/** Soft: a batch larger than this still comes whole. */
const FETCH_PARTITION_BYTES_MAX = 262_144;
const READ_COMMITTED = 1;

type PartitionAnswer = {
  readonly partition: number;
  readonly lastStableOffset: string;
  readonly abortedTransactions: readonly AbortedTransaction[];
  readonly messages: readonly RawRecord[];
};
type FetchAnswer = { readonly responses: readonly { readonly partitions: readonly PartitionAnswer[] }[] };
/** By partition, where to begin. */
export type Cursors = ReadonlyMap<number, number>;

type Question = {
  readonly node: string;
  readonly topic: string;
  readonly cursors: Cursors;
  readonly waitMs: number;
};

/** Asks one broker for partitions that it leads. Throws as kafkajs does. */
export async function fetchFrom(cluster: Cluster, question: Question): Promise<readonly FetchedPart[]> {
  const { node, topic, cursors, waitMs } = question;
  const broker = await cluster.findBroker({ nodeId: node });
  const answers = await ask(broker, topic, cursors, waitMs);
  const parts: FetchedPart[] = [];
  for (const answer of answers) {
    const from = cursors.get(answer.partition);
    if (from === undefined) continue;
    const part = toPart(answer, from);
    parts.push(
      part.next > from || from >= Number(answer.lastStableOffset)
        ? part
        : await passEmpty(broker, topic, part),
    );
  }
  return parts;
}

/**
 * Below the stable end, and yet not one record: either the answer was full, or compaction has left batches with
 * nothing in them, whose offsets kafkajs does not tell. Asked for alone, a partition always gets a record if
 * there is one (KIP-74); if there is none, all up to the stable end of that answer is empty.
 */
async function passEmpty(broker: Broker, topic: string, part: FetchedPart): Promise<FetchedPart> {
  const { partition, from } = part;
  const [answer] = await ask(broker, topic, new Map([[partition, from]]), 0);
  if (answer === undefined) return part;
  if (answer.messages.length > 0) return toPart(answer, from);
  return { ...part, next: Math.max(from, Number(answer.lastStableOffset)) };
}

function toPart(answer: PartitionAnswer, from: number): FetchedPart {
  const { records, next } = visibleRecords(answer.messages, answer.abortedTransactions, from);
  return { partition: answer.partition, from, records, next };
}

async function ask(
  broker: Broker,
  topic: string,
  cursors: Cursors,
  waitMs: number,
): Promise<readonly PartitionAnswer[]> {
  const partitions = [...cursors].map(([partition, offset]) => ({
    partition,
    fetchOffset: String(offset),
    maxBytes: FETCH_PARTITION_BYTES_MAX,
  }));
  const answer = (await broker.fetch({
    isolationLevel: READ_COMMITTED,
    maxWaitTime: waitMs,
    topics: [{ topic, partitions }],
  })) as FetchAnswer;
  return answer.responses.flatMap((response) => response.partitions);
}
