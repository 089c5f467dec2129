/**
 * What the processes of a run share: topics in memory, the group's positions and leases, and a disk that takes a
 * moment. A write is visible at once and durable when the next sync has ended; a power cut undoes what was only
 * visible. The invariants are checked against these records alone.
 */
import { instant } from "../../domain/kernel/time.ts";
import type { Delivered, Entry, TopicName } from "../../domain/ports/event-log.ts";
import { createCarry } from "./carried.ts";
import { type Incarnation, START } from "./incarnation.ts";
import type { Timeline } from "./timeline.ts";

export type Kept<Topic extends TopicName> = Entry<Topic> & { readonly offset: number; readonly at: number };
type Lease = { readonly holder: Incarnation | null; readonly epoch: number };
export type Batch = { readonly [Topic in TopicName]?: readonly Entry<Topic>[] };
type Position = { readonly partition: number; readonly offset: number };

type Write = { readonly number: number; readonly durableAt: number; readonly undo: () => void };
type Topics = { readonly [Topic in TopicName]: Kept<Topic>[][] };

const TOPICS: readonly TopicName[] = ["requests", "events", "state", "offers", "load", "directory", "keys"];

/** Partitions of the co-partitioned topics: enough to be shared out, few enough to be busy. */
export const PARTITIONS = 3;

const counts = (topic: TopicName): number => (topic === "load" || topic === "directory" ? 1 : PARTITIONS);

export type DiskOptions = {
  /** From visible to durable. */
  readonly syncMs: number;
  /** Offsets that a transaction uses up besides its records, as Kafka's markers do. */
  readonly markers: number;
  /** Says which records are carried as Avro. */
  readonly seed: number;
};

export type SimStore = {
  partitionCount(topic: TopicName): number;
  records<Topic extends TopicName>(topic: Topic, partition: number): readonly Kept<Topic>[];
  all<Topic extends TopicName>(topic: Topic): readonly Kept<Topic>[];
  /** Index of the first record behind `offset`. */
  indexAfter(topic: TopicName, partition: number, offset: number): number;
  /** One transaction. Answers its number, for `durableInMs`. */
  write(batch: Batch, position?: Position): number;
  /** How long it will take until a write, and with it every earlier one, is durable; 0: it is. */
  durableInMs(write: number): number;
  /** Where an entry stands that was written just now. */
  positionOf<Topic extends TopicName>(topic: Topic, entry: Entry<Topic>): Position;
  lastWrite(): number;
  position(partition: number): number | null;
  lease(partition: number): Lease;
  setLease(partition: number, lease: Lease): void;
  onWrite(topic: TopicName, listener: () => void): () => void;
  /** A copy of everything as it is now; whoever calls the answer puts it back, as from a backup. */
  backUp(): () => void;
  /** How often the power failed: what was under way before is not under way any more. */
  powerCuts(): number;
  /**
   * Every process dies at this instant. Of the writes that were visible and not yet durable the oldest survive,
   * as many as `luck` (in [0, 1)) says; the others were never written.
   */
  cutPower(luck: number): void;
};

export function delivered<Topic extends TopicName>(
  topic: Topic,
  partition: number,
  record: Kept<Topic>,
): Delivered<Topic> {
  const { offset, key, envelope, message, at } = record;
  return { topic, partition, offset, key, appendedAt: instant(START + at), ok: true, envelope, message };
}

export function createSimStore(timeline: Timeline, { syncMs, markers, seed }: DiskOptions): SimStore {
  const carry = createCarry(seed);
  const empty = (topic: TopicName): never[][] => Array.from({ length: counts(topic) }, () => []);
  const topics: Topics = {
    requests: empty("requests"),
    events: empty("events"),
    state: empty("state"),
    offers: empty("offers"),
    load: empty("load"),
    directory: empty("directory"),
    keys: empty("keys"),
  };
  const positions = new Map<number, number>();
  const leases = new Map<number, Lease>();
  const listeners = new Map<TopicName, Set<() => void>>(TOPICS.map((topic) => [topic, new Set()]));
  /** Writes that are not durable yet, and perhaps some that have become so. */
  let unsynced: Write[] = [];
  let written = 0;
  let power = 0;
  /** When the newest sync that was begun, or promised, ends. */
  let syncedAt = 0;

  /** One sync at a time: what is written during one is durable with the next. */
  function durableAt(): number {
    const now = timeline.now();
    const begins = syncedAt - syncMs > now ? syncedAt - syncMs : Math.max(now, syncedAt);
    syncedAt = begins + syncMs;
    return syncedAt;
  }

  function keep<Topic extends TopicName>(topic: Topic, entries: readonly Entry<Topic>[]): () => void {
    const grown = new Map<Kept<Topic>[], number>();
    for (const entry of entries) {
      const into: Kept<Topic>[] = topics[topic][entry.slot % counts(topic)] ?? [];
      const last = into.at(-1)?.offset ?? -1;
      // What the transaction before left behind: its marker.
      const gap = grown.has(into) || last < 0 ? 0 : markers;
      if (!grown.has(into)) grown.set(into, into.length);
      into.push({ ...carry(topic, entry), offset: last + 1 + gap, at: timeline.now() });
    }
    return () => {
      for (const [into, length] of grown) into.length = length;
    };
  }

  function indexAfter(topic: TopicName, partition: number, offset: number): number {
    const records: readonly { readonly offset: number }[] = topics[topic][partition] ?? [];
    let [low, high] = [0, records.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((records[middle]?.offset ?? 0) <= offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  function moveTo(position: Position | undefined): () => void {
    if (position === undefined) return () => undefined;
    const { partition, offset } = position;
    const was = positions.get(partition);
    positions.set(partition, Math.max(was ?? -1, offset));
    return () => {
      if (was === undefined) positions.delete(partition);
      else positions.set(partition, was);
    };
  }

  return {
    partitionCount: counts,
    records: (topic, partition) => topics[topic][partition] ?? [],
    all: (topic) => topics[topic].flat(),
    indexAfter,
    write(batch, position) {
      written += 1;
      const touched = TOPICS.filter((topic) => (batch[topic]?.length ?? 0) > 0);
      const undos = [...touched.map((topic) => keep(topic, batch[topic] ?? [])), moveTo(position)];
      const now = timeline.now();
      if ((unsynced[0]?.durableAt ?? now) < now)
        unsynced = unsynced.filter((write) => write.durableAt >= now);
      unsynced.push({ number: written, durableAt: durableAt(), undo: () => undos.forEach((undo) => undo()) });
      for (const topic of touched) for (const listener of listeners.get(topic) ?? []) listener();
      return written;
    },
    durableInMs(write) {
      const known = unsynced.find(({ number }) => number === write);
      return known === undefined ? 0 : Math.max(0, known.durableAt - timeline.now());
    },
    positionOf(topic, { slot, envelope }) {
      const partition = slot % counts(topic);
      const records: readonly Kept<TopicName>[] = topics[topic][partition] ?? [];
      const found = records.findLast((record) => record.envelope.id === envelope.id);
      return { partition, offset: found?.offset ?? -1 };
    },
    lastWrite: () => written,
    position: (partition) => positions.get(partition) ?? null,
    lease: (partition) => leases.get(partition) ?? { holder: null, epoch: 0 },
    setLease: (partition, lease) => leases.set(partition, lease),
    onWrite(topic, listener) {
      listeners.get(topic)?.add(listener);
      return () => listeners.get(topic)?.delete(listener);
    },
    backUp() {
      const lists = TOPICS.flatMap((topic): { into: unknown[]; copy: readonly unknown[] }[] =>
        topics[topic].map((into: unknown[]) => ({ into, copy: [...into] })),
      );
      const copied = { positions: new Map(positions), leases: new Map(leases) };
      return () => {
        power += 1;
        unsynced = [];
        for (const { into, copy } of lists) into.splice(0, into.length, ...copy);
        positions.clear();
        leases.clear();
        for (const [partition, offset] of copied.positions) positions.set(partition, offset);
        for (const [partition, lease] of copied.leases) leases.set(partition, lease);
      };
    },
    powerCuts: () => power,
    cutPower(luck) {
      power += 1;
      const visible = unsynced.filter((write) => write.durableAt > timeline.now());
      const survive = Math.floor(luck * (visible.length + 1));
      for (const { undo } of visible.slice(survive).toReversed()) undo();
      unsynced = [];
      syncedAt = timeline.now();
    },
  };
}
