/**
 * The log in this process's memory: for tests, the simulator and trying things out. It keeps the promises of the
 * others except the one that memory can't keep; several logs over one store meet as processes do.
 */
import type { Clock } from "../../../domain/ports/clock.ts";
import type { Position, TopicName } from "../../../domain/ports/event-log.ts";
import { LogUnavailableError, OwnershipLostError } from "../../../domain/ports/event-log.ts";
import { createChangeBoard, placesOf } from "../change-board.ts";
import type { Claim, Lease, LogStore, MakeMarks, Presence, Taken, Team } from "../log-store.ts";
import { COMPACTED_TOPICS, EMBEDDED_PARTITIONS, type PartitionCounts } from "../partitions.ts";
import type { RecordToStore, StoredRecord } from "../stored-record.ts";

type Partition = { next: number; records: StoredRecord[] };
type Group = {
  version: number;
  readonly members: Map<string, number>;
  readonly leases: Map<number, Lease>;
  readonly positions: Map<number, number>;
};

export type MemoryStore = LogStore & {
  /** Compacts the compacted topics, as the embedded log's maintenance does. */
  compact(): void;
};

export function createMemoryStore(clock: Clock, counts: PartitionCounts = EMBEDDED_PARTITIONS): MemoryStore {
  const topics = new Map<TopicName, readonly Partition[]>();
  const groups = new Map<string, Group>();
  const board = createChangeBoard();

  function partitionsOf(topic: TopicName): readonly Partition[] {
    const known = topics.get(topic);
    if (known !== undefined) return known;
    const made = Array.from({ length: counts[topic] }, (): Partition => ({ next: 0, records: [] }));
    topics.set(topic, made);
    return made;
  }

  function partitionAt(topic: TopicName, partition: number): Partition {
    const found = partitionsOf(topic)[partition];
    if (found === undefined) throw new LogUnavailableError(`${topic} has no partition ${partition}`);
    return found;
  }

  function groupOf(name: string): Group {
    const known = groups.get(name);
    if (known !== undefined) return known;
    const made: Group = { version: 0, members: new Map(), leases: new Map(), positions: new Map() };
    groups.set(name, made);
    return made;
  }

  function write(records: readonly RecordToStore[]): readonly Position[] {
    const appendedAt = clock.now();
    const positions = records.map(({ topic, partition, key, value, envelope }) => {
      const into = partitionAt(topic, partition);
      const offset = into.next;
      into.records.push({ offset, appendedAt, key, value, envelope });
      into.next += 1;
      return { partition, offset };
    });
    // Not within the call that made the change: a listener may call the log again.
    queueMicrotask(() => board.tell(placesOf(records)));
    return positions;
  }

  function requireClaim(claim: Claim): void {
    const lease = groupOf(claim.group).leases.get(claim.partition);
    if (lease?.holder === claim.member && lease.epoch === claim.epoch) return;
    throw new OwnershipLostError(`partition ${claim.partition}: epoch ${claim.epoch} has been superseded`);
  }

  function attend({ group: name, member, now, until }: Presence): Team {
    const group = groupOf(name);
    for (const [other, expires] of group.members) if (expires < now) group.members.delete(other);
    if (!group.members.has(member)) bump(group);
    group.members.set(member, until);
    for (const [partition, lease] of group.leases) {
      if (lease.holder === member) group.leases.set(partition, { ...lease, until });
    }
    return { members: [...group.members.keys()], leases: [...group.leases.values()] };
  }

  function bump(group: Group): void {
    group.version += 1;
    queueMicrotask(board.tellTeams);
  }

  function claimPartition(presence: Presence, partition: number, marks: MakeMarks): Taken | null {
    const { group, member, now, until } = presence;
    const { leases } = groupOf(group);
    const lease = leases.get(partition);
    if (lease && lease.holder !== null && lease.holder !== member && lease.until >= now) return null;
    const epoch = (lease?.epoch ?? 0) + 1;
    leases.set(partition, { partition, holder: member, epoch, until });
    const { state, events } = marks(epoch);
    const [stateMark, eventsMark] = write([state, events]);
    if (stateMark === undefined || eventsMark === undefined) return null;
    const claim = { group, member, partition, epoch };
    return { claim, stateMark: stateMark.offset, eventsMark: eventsMark.offset };
  }

  function freeLease(claim: Claim): void {
    const group = groupOf(claim.group);
    const lease = group.leases.get(claim.partition);
    if (lease?.holder !== claim.member || lease.epoch !== claim.epoch) return;
    group.leases.set(claim.partition, { ...lease, holder: null });
    bump(group);
  }

  return {
    append: async (records) => write(records),
    async commit(claim, records, handledUpTo) {
      requireClaim(claim);
      const { positions } = groupOf(claim.group);
      const before = positions.get(claim.partition) ?? -1;
      if (handledUpTo !== null) positions.set(claim.partition, Math.max(before, handledUpTo));
      return write(records);
    },
    durable: async () => undefined,
    readBatch(topic, partition, { from, to, limit }) {
      const { records } = partitionAt(topic, partition);
      const start = firstAtOrAfter(records, from);
      const batch = records.slice(start, start + limit);
      return batch.filter((record) => record.offset < to);
    },
    ends: (topic) => partitionsOf(topic).map((partition) => partition.next),
    committedOffset: (group, partition) => groupOf(group).positions.get(partition) ?? null,
    attend: async (presence) => attend(presence),
    claim: async (presence, partition, marks) => claimPartition(presence, partition, marks),
    release: async (claim) => freeLease(claim),
    async leave(name, member) {
      const group = groupOf(name);
      if (group.members.delete(member)) bump(group);
    },
    teamVersion: (group) => groupOf(group).version,
    onRecords: board.watch,
    onTeam: board.watchTeams,
    compact() {
      for (const topic of COMPACTED_TOPICS) for (const partition of partitionsOf(topic)) compact(partition);
    },
    close: async () => undefined,
  };
}

/** Keeps the newest record of each key, and no tombstones. */
function compact(partition: Partition): void {
  const newest = new Map(partition.records.map((record) => [record.key, record.offset]));
  partition.records = partition.records.filter(
    (record) => record.value !== null && newest.get(record.key) === record.offset,
  );
}

function firstAtOrAfter(records: readonly StoredRecord[], offset: number): number {
  let low = 0;
  let high = records.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((records[middle]?.offset ?? 0) < offset) low = middle + 1;
    else high = middle;
  }
  return low;
}
