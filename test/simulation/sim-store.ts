/**
 * What the processes of a run share: topics in memory, the group's positions and leases, and a disk that takes a
 * moment. A write is visible at once and durable when the next sync has ended; a power cut undoes what was only
 * visible. The invariants are checked against these records alone.
 */
import { instant } from "../../domain/kernel/time.ts";
import type { Delivered, Entry, TopicName } from "../../domain/ports/event-log.ts";
import { type Incarnation, START } from "./incarnation.ts";
import type { Timeline } from "./timeline.ts";

export type Kept<Topic extends TopicName> = Entry<Topic> & { readonly offset: number; readonly at: number };
type Lease = { readonly holder: Incarnation | null; readonly epoch: number };
export type Batch = { readonly [Topic in TopicName]?: readonly Entry<Topic>[] };

type Write = { readonly number: number; readonly undo: () => void };
type Topics = { readonly [Topic in TopicName]: Kept<Topic>[][] };

const TOPICS: readonly TopicName[] = ["requests", "events", "state", "offers", "load", "directory"];

/** Partitions of the co-partitioned topics: enough to be shared out, few enough to be busy. */
export const PARTITIONS = 3;

const counts = (topic: TopicName): number => (topic === "load" || topic === "directory" ? 1 : PARTITIONS);

export type SimStore = {
  partitionCount(topic: TopicName): number;
  records<Topic extends TopicName>(topic: Topic, partition: number): readonly Kept<Topic>[];
  all<Topic extends TopicName>(topic: Topic): readonly Kept<Topic>[];
  /** One transaction. Answers its number, for `whenDurable`. */
  write(batch: Batch, position?: { readonly partition: number; readonly offset: number }): number;
  whenDurable(write: number, action: () => void): void;
  lastWrite(): number;
  position(partition: number): number | null;
  lease(partition: number): Lease;
  setLease(partition: number, lease: Lease): void;
  onWrite(listener: (topics: readonly TopicName[]) => void): () => void;
  /** Every process dies at this instant; what was visible and not yet durable was never written. */
  cutPower(): void;
};

export function delivered<Topic extends TopicName>(
  topic: Topic,
  partition: number,
  record: Kept<Topic>,
): Delivered<Topic> {
  const { offset, key, envelope, message, at } = record;
  return { topic, partition, offset, key, appendedAt: instant(START + at), ok: true, envelope, message };
}

export function createSimStore(timeline: Timeline, syncMs: number): SimStore {
  const empty = (topic: TopicName): never[][] => Array.from({ length: counts(topic) }, () => []);
  const topics: Topics = {
    requests: empty("requests"),
    events: empty("events"),
    state: empty("state"),
    offers: empty("offers"),
    load: empty("load"),
    directory: empty("directory"),
  };
  const positions = new Map<number, number>();
  const leases = new Map<number, Lease>();
  const listeners = new Set<(topics: readonly TopicName[]) => void>();
  let unsynced: Write[] = [];
  let waiting: { readonly write: number; readonly action: () => void }[] = [];
  let written = 0;
  let durable = 0;
  let power = 0;
  let syncing = false;

  function sync(): void {
    if (syncing || unsynced.length === 0) return;
    syncing = true;
    const upTo = written;
    const during = power;
    timeline.at(syncMs, null, () => {
      if (power !== during) return;
      syncing = false;
      durable = upTo;
      unsynced = unsynced.filter((write) => write.number > upTo);
      const due = waiting.filter(({ write }) => write <= upTo);
      waiting = waiting.filter(({ write }) => write > upTo);
      for (const { action } of due) action();
      sync();
    });
  }

  function keep<Topic extends TopicName>(topic: Topic, entries: readonly Entry<Topic>[]): () => void {
    const undo: (() => void)[] = [];
    for (const entry of entries) {
      const into: Kept<Topic>[] = topics[topic][entry.slot % counts(topic)] ?? [];
      into.push({ ...entry, offset: into.length, at: timeline.now() });
      undo.push(() => into.pop());
    }
    return () => {
      for (const step of undo) step();
    };
  }

  return {
    partitionCount: counts,
    records: (topic, partition) => topics[topic][partition] ?? [],
    all: (topic) => topics[topic].flat(),
    write(batch, position) {
      written += 1;
      const touched = TOPICS.filter((topic) => (batch[topic]?.length ?? 0) > 0);
      const undos = touched.map((topic) => keep(topic, batch[topic] ?? []));
      const was = position === undefined ? undefined : positions.get(position.partition);
      if (position !== undefined) {
        positions.set(position.partition, Math.max(was ?? -1, position.offset));
      }
      const undo = (): void => {
        for (const step of undos) step();
        if (position === undefined) return;
        if (was === undefined) positions.delete(position.partition);
        else positions.set(position.partition, was);
      };
      unsynced.push({ number: written, undo });
      sync();
      for (const listener of listeners) listener(touched);
      return written;
    },
    whenDurable(write, action) {
      if (write <= durable) action();
      else waiting.push({ write, action });
    },
    lastWrite: () => written,
    position: (partition) => positions.get(partition) ?? null,
    lease: (partition) => leases.get(partition) ?? { holder: null, epoch: 0 },
    setLease: (partition, lease) => leases.set(partition, lease),
    onWrite(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    cutPower() {
      power += 1;
      for (const { undo } of unsynced.toReversed()) undo();
      unsynced = [];
      waiting = [];
      syncing = false;
    },
  };
}
