/**
 * What keeps the embedded log small: checkpoints, retention and compaction, in one process at a time (a lease
 * decides) and away from its event loop (see maintenance-thread.ts). Every step may be cut short at any point.
 */
import { statSync } from "node:fs";
import type { DatabaseSync } from "node:sqlite";
import { DAY_MS, type Instant, instant, MINUTE_MS } from "../../../domain/kernel/time.ts";
import type { TopicName } from "../../../domain/ports/event-log.ts";
import { COMPACTED_TOPICS, type PartitionCounts } from "../partitions.ts";
import { compactPartition } from "./compaction.ts";
import { emptyWal, hasTombstoneFrom, shredKeys } from "./key-shredding.ts";
import { createLeaseTable } from "./lease-table.ts";
import { expireRecords, type Retention } from "./retention.ts";
import { TOPIC_NUMBERS } from "./schema.ts";

/** The WAL is copied into the main file beyond this size. */
export const CHECKPOINT_WAL_BYTES = 16_777_216;
/** Of what is written in it: beyond this the writers wait for the rest of a checkpoint, and the WAL starts over. */
export const RESTART_WAL_BYTES = 67_108_864;
/** A compacted partition is cleaned once so many records came since the last time. */
export const COMPACTION_RECORDS_MIN = 2_000;
/** Longer than any reader stays away: later it must read from the start. */
const TOMBSTONE_KEEP_MS = 7 * DAY_MS;
const LEASE_MS = 60_000;
/** In the WAL, before each page (sqlite.org/fileformat2.html, section 4.1). */
const FRAME_HEADER_BYTES = 24;
const GROUP = "maintenance";

export type MaintenanceOptions = {
  readonly path: string;
  readonly counts: PartitionCounts;
  readonly owner: string;
  readonly retention: Retention;
};

type MaintenanceReport = {
  readonly walBytes: number;
  readonly expired: number;
  readonly compacted: number;
};

export type Maintainer = {
  /** Bytes in use of the WAL, or its size while that is small and nothing was done. Null where another process maintains the log. */
  checkpoint(now: Instant): number | null;
  /** Null where another process maintains the log. */
  clean(now: Instant): MaintenanceReport | null;
};

export function createMaintainer(db: DatabaseSync, options: MaintenanceOptions): Maintainer {
  const { path, counts, owner, retention } = options;
  const leases = createLeaseTable(db);
  const copyWal = db.prepare("PRAGMA wal_checkpoint(PASSIVE)");
  const restartWal = db.prepare("PRAGMA wal_checkpoint(RESTART)");
  const frameBytes = Number(db.prepare("PRAGMA page_size").get()?.["page_size"]) + FRAME_HEADER_BYTES;
  const cleanedAt = new Map<string, number>();
  /** Partitions with more keys than a pass remembers, and where the next pass goes on. */
  const unfinished = new Map<string, number>();
  /** Tombstones of keys below this offset have been seen to. */
  let shreddedUpTo = 0;
  let shreddedAt: Instant | null = null;
  /** The WAL has pages with keys that are gone. */
  let isWalTainted = false;

  function hasDuty(now: Instant): boolean {
    const until = instant(now + LEASE_MS);
    return leases.take({ group: GROUP, member: owner, now, until }, 0) !== null;
  }

  function checkpoint(now: Instant): number | null {
    const size = walBytes(path);
    if (size < CHECKPOINT_WAL_BYTES && !isWalTainted) return size;
    if (!hasDuty(now)) return null;
    if (isWalTainted) {
      isWalTainted = !emptyWal(db);
      return walBytes(path);
    }
    // PASSIVE copies what it can while others write; RESTART then has little left to make them wait for. The file
    // is written over, not cut: freeing its 64 MB held up every writer for a tenth of a second.
    const used = Number(copyWal.get()?.["log"] ?? 0) * frameBytes;
    if (used >= RESTART_WAL_BYTES) restartWal.get();
    return used;
  }

  function clean(now: Instant): MaintenanceReport | null {
    if (!hasDuty(now)) return null;
    return { walBytes: walBytes(path), expired: expireAll(now), compacted: compactAll(now) + shred(now) };
  }

  /** Soon after a tombstone came; and every day, for tombstones that have grown old. */
  function shred(now: Instant): number {
    const isDue = shreddedAt === null || now - shreddedAt > DAY_MS || hasTombstoneFrom(db, shreddedUpTo);
    if (!isDue) return 0;
    const end = endOf(db, "keys", 0);
    const { shredded, tombstones } = shredKeys(db, instant(now - TOMBSTONE_KEEP_MS));
    shreddedUpTo = end;
    shreddedAt = now;
    // Where nothing went: an earlier process may have ended between the deletion and this.
    isWalTainted ||= tombstones > 0;
    return shredded;
  }

  function expireAll(now: Instant): number {
    let total = 0;
    for (const [topic, keepMs] of Object.entries(retention) as [TopicName, number][]) {
      for (let partition = 0; partition < counts[topic]; partition += 1) {
        total += expireRecords(db, topic, partition, instant(now - keepMs));
      }
    }
    return total;
  }

  function compactAll(now: Instant): number {
    let total = 0;
    for (const topic of COMPACTED_TOPICS.filter((one) => one !== "keys")) {
      for (let partition = 0; partition < counts[topic]; partition += 1) {
        total += compact(topic, partition, now);
      }
    }
    return total;
  }

  function compact(topic: TopicName, partition: number, now: Instant): number {
    const place = `${topic}/${partition}`;
    const goesOnFrom = unfinished.get(place);
    if (goesOnFrom === undefined && !isDirty(place, topic, partition)) return 0;
    const pass = { from: goesOnFrom ?? 0, tombstonesBefore: instant(now - TOMBSTONE_KEEP_MS) };
    const { removed, goOnFrom } = compactPartition(db, topic, partition, pass);
    if (goOnFrom === null) unfinished.delete(place);
    else unfinished.set(place, goOnFrom);
    return removed;
  }

  function isDirty(place: string, topic: TopicName, partition: number): boolean {
    const next = endOf(db, topic, partition);
    if (next - (cleanedAt.get(place) ?? 0) < COMPACTION_RECORDS_MIN) return false;
    cleanedAt.set(place, next);
    return true;
  }

  return { checkpoint, clean };
}

/** How often a log is cleaned; checkpoints are looked at every second. */
export const CLEAN_EVERY_MS = MINUTE_MS;
export const CHECKPOINT_EVERY_MS = 1_000;

function walBytes(path: string): number {
  return statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0;
}

function endOf(db: DatabaseSync, topic: TopicName, partition: number): number {
  const row = db
    .prepare("SELECT next FROM part WHERE topic = ? AND part = ?")
    .get(TOPIC_NUMBERS[topic], partition);
  const next = row?.["next"];
  return typeof next === "number" ? next : 0;
}
