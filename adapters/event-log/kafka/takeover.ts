/**
 * How a partition is taken: shut the former writer out, learn its epoch, write the marks of the next. After the
 * fence nobody else can write here, so what is read then is the whole truth; before it, nothing may be read.
 */
import type { TransactionalWriter } from "./kafka-driver.ts";
import { type OwnerMark, ownerMark } from "./kafka-mark.ts";
import type { KafkaWiring } from "./kafka-wiring.ts";

export type Takeover = {
  readonly writer: TransactionalWriter;
  readonly epoch: number;
  readonly mark: OwnerMark;
  readonly eventsMarkOffset: number;
};

/** Throws `OwnershipLostError` when another takes the same partition meanwhile, `LogUnavailableError` in an outage. */
export async function takeOver(wiring: KafkaWiring, group: string, partition: number): Promise<Takeover> {
  const { driver, nameOf, owner, clock, guard, schemaIds } = wiring;
  for (const topic of ["requests", "events", "state", "offers"] as const) await guard.check(topic);
  const writer = driver.openTransactionalWriter(`${group}.${nameOf("requests")}.${partition}`);
  try {
    await writer.fence();
    const epoch = await nextEpoch(wiring, partition);
    const mark = ownerMark({ owner, group, partition, epoch, at: clock.now() }, schemaIds);
    const eventsMarkOffset = await writeMarks(writer, wiring, partition, mark);
    return { writer, epoch, mark, eventsMarkOffset };
  } catch (error) {
    await writer.close();
    throw error;
  }
}

async function writeMarks(
  writer: TransactionalWriter,
  { nameOf }: KafkaWiring,
  partition: number,
  mark: OwnerMark,
): Promise<number> {
  const [events, state] = [nameOf("events"), nameOf("state")];
  const places = [events, state].map((topic) => ({ topic, partition }));
  const [{ firstOffset }] = await writer.transact(places, (send) =>
    Promise.all([send(events, partition, [mark.events]), send(state, partition, [mark.state])]),
  );
  return firstOffset;
}

/**
 * The end of `events[i]`, as seen behind the fence: every owner begins with a mark there, so the next one finds a
 * later end. An owner that never wrote its mark leaves its epoch to the next, which nobody has seen.
 */
async function nextEpoch({ reader, nameOf }: KafkaWiring, partition: number): Promise<number> {
  const bounds = (await reader.bounds(nameOf("events"))).get(partition);
  return (bounds?.end ?? 0) + 1;
}
