/** A task from its changelog: state up to the own mark, the events that it does not know yet, the chain of proofs. */
import { setImmediate } from "node:timers/promises";
import type { Task, TopicName } from "../../domain/ports/event-log.ts";
import { type Chain, createChain, lookBackForChain } from "./chain.ts";
import type { LogStore, Taken } from "./log-store.ts";
import { patiently } from "./patiently.ts";
import { linkOf, partsOf, type StoredRecord, toDelivered } from "./stored-record.ts";

/** Records read at once while a task is restored; between them the event loop gets its turn. */
export const RESTORE_BATCH_MAX = 1_000;

type Restored = {
  readonly chain: Chain;
  /** The group's input position, for the task's `resumeAfter`. */
  readonly committed: number | null;
};

/** Null when `isOver` said so on the way. */
export async function restoreTask(
  store: LogStore,
  taken: Taken,
  task: Task,
  isOver: () => boolean,
): Promise<Restored | null> {
  const { group, partition } = taken.claim;

  async function readAll(
    topic: TopicName,
    range: { readonly from: number; readonly to: number },
    pass: (record: StoredRecord) => void,
  ): Promise<void> {
    let { from } = range;
    while (from < range.to && !isOver()) {
      const bounds = { from, to: range.to, limit: RESTORE_BATCH_MAX };
      const records = await patiently(() => store.readBatch(topic, partition, bounds));
      const last = records.at(-1);
      if (last === undefined) return;
      for (const record of records) pass(record);
      from = last.offset + 1;
      await setImmediate();
    }
  }

  /** From the last event that the task knows: it holds its link, from which the chain goes on. */
  async function restoreEvents(): Promise<Chain> {
    const known = task.eventsKnownUpTo() ?? -1;
    const from = Math.max(0, Math.min(known, taken.eventsMark));
    const chain = createChain(from === 0);
    await readAll("events", { from, to: taken.eventsMark + 1 }, (record) => {
      chain.pass(linkOf(record), () => partsOf(record));
      if (record.offset <= known || record.offset >= taken.eventsMark) return;
      task.restoreEvent(toDelivered("events", partition, record));
    });
    if (chain.isKnown() || isOver()) return chain;
    return lookBackForChain({ first: 0, from }, (start, earlier) =>
      readAll("events", { from: start, to: taken.eventsMark + 1 }, (record) =>
        earlier.pass(linkOf(record), () => partsOf(record)),
      ),
    );
  }

  await readAll("state", { from: 0, to: taken.stateMark }, (record) =>
    task.restoreState(toDelivered("state", partition, record)),
  );
  if (isOver()) return null;
  const chain = await restoreEvents();
  if (isOver()) return null;
  return { chain, committed: await patiently(() => store.committedOffset(group, partition)) };
}
