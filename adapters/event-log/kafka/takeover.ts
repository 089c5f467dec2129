/**
 * How a partition is taken: shut the former writer out, learn its epoch, write the marks of the next. After the
 * fence nobody else can write here, so what is read then is the whole truth; before it, nothing may be read.
 */
import type { Send, TransactionalWriter } from "./kafka-driver.ts";
import { epochOf, type OwnerMark, ownerMark } from "./kafka-mark.ts";
import { readRange } from "./kafka-replay.ts";
import type { KafkaWiring } from "./kafka-wiring.ts";

export type Takeover = {
  readonly writer: TransactionalWriter;
  readonly epoch: number;
  readonly mark: OwnerMark;
  readonly eventsMarkOffset: number;
};

/** Throws `OwnershipLostError` when another takes the same partition meanwhile, `LogUnavailableError` in an outage. */
export async function takeOver(wiring: KafkaWiring, group: string, partition: number): Promise<Takeover> {
  const { driver, nameOf, owner, clock, guard } = wiring;
  for (const topic of ["requests", "events", "state", "offers"] as const) await guard.check(topic);
  const writer = await driver.openTransactionalWriter(`${group}.${nameOf("requests")}.${partition}`);
  try {
    await writer.fence();
    const epoch = (await newestEpoch(wiring, partition)) + 1;
    const mark = ownerMark({ owner, group, partition, epoch, at: clock.now() });
    const eventsMarkOffset = await writer.transact((send) => writeMarks(send, wiring, partition, mark));
    return { writer, epoch, mark, eventsMarkOffset };
  } catch (error) {
    await writer.close();
    throw error;
  }
}

async function writeMarks(
  send: Send,
  { nameOf }: KafkaWiring,
  partition: number,
  mark: OwnerMark,
): Promise<number> {
  const { firstOffset } = await send(nameOf("events"), partition, [mark.events]);
  await send(nameOf("state"), partition, [mark.state]);
  return firstOffset;
}

/** 0 where nobody has owned it yet. Compaction keeps the newest mark for ever, whatever else it drops. */
async function newestEpoch({ reader, nameOf }: KafkaWiring, partition: number): Promise<number> {
  const topic = nameOf("state");
  const { start, end } = (await reader.bounds(topic)).get(partition) ?? { start: 0, end: 0 };
  let newest = 0;
  for await (const records of readRange(reader, { topic, partition }, { from: start, to: end })) {
    for (const record of records) newest = Math.max(newest, epochOf(record) ?? 0);
  }
  return newest;
}
