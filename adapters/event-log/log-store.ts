/**
 * What the four verbs rest on: an ordered, partitioned heap of bytes with leases. The memory and the SQLite log
 * are the same code over two of these; a benchmark may use one directly, as the floor that the log can't beat.
 */
import type { Instant } from "../../domain/kernel/time.ts";
import type { Position, TopicName } from "../../domain/ports/event-log.ts";
import type { WatchedPlace } from "./change-board.ts";
import type { RecordToStore, StoredRecord } from "./stored-record.ts";

/** Of a partition: `from` inclusive, `to` exclusive, `limit` records at most. */
export type StoredRange = { readonly from: number; readonly to: number; readonly limit: number };

/** The right to write partition `partition` as a member of `group`. */
export type Claim = {
  readonly group: string;
  readonly member: string;
  readonly partition: number;
  readonly epoch: number;
};

export type Presence = {
  readonly group: string;
  readonly member: string;
  readonly now: Instant;
  /** Unless it is heard of again, member and leases are gone at this instant. */
  readonly until: Instant;
};

export type Lease = {
  readonly partition: number;
  /** Null: free. */
  readonly holder: string | null;
  readonly epoch: number;
  readonly until: Instant;
};

export type Team = { readonly members: readonly string[]; readonly leases: readonly Lease[] };

/** A partition just taken, with the offsets of the new owner's marks. */
export type Taken = { readonly claim: Claim; readonly stateMark: number; readonly eventsMark: number };

/** The two first records of an owner, once its epoch is known. */
export type MakeMarks = (epoch: number) => { readonly state: RecordToStore; readonly events: RecordToStore };

export interface LogStore {
  /**
   * All or none, visible when it resolves. A power failure may take the newest records, but never one and leave
   * another that was written after it, whatever their topics. Throws `LogUnavailableError` or `LogFullError`.
   */
  append(records: readonly RecordToStore[]): Promise<readonly Position[]>;
  /**
   * As `append`, with the group's input position, while the claim holds. Throws `OwnershipLostError` when
   * somebody else has the partition; then nothing was written.
   */
  commit(
    claim: Claim,
    records: readonly RecordToStore[],
    handledUpTo: number | null,
  ): Promise<readonly Position[]>;
  /** Resolves when everything that was visible before the call would survive a power failure. */
  durable(): Promise<void>;
  /** Oldest first. Throws `LogUnavailableError`. */
  readBatch(topic: TopicName, partition: number, range: StoredRange): readonly StoredRecord[];
  /** Per partition the offset that the next record will get. */
  ends(topic: TopicName): readonly number[];
  committedOffset(group: string, partition: number): number | null;

  /** Shows that the member lives, renews its leases, and tells who else is there. */
  attend(presence: Presence): Promise<Team>;
  /** Takes a partition that is free, expired or already the member's own, and writes the marks. Null: not free. */
  claim(presence: Presence, partition: number, marks: MakeMarks): Promise<Taken | null>;
  /** Gives a partition back; harmless when it was lost. */
  release(claim: Claim): Promise<void>;
  /** Takes the member off the list; its partitions must have been released. */
  leave(group: string, member: string): Promise<void>;
  /** Changes whenever somebody joins, leaves or releases, so that the others need not wait for their next round. */
  teamVersion(group: string): number;

  /** Calls `listener` after records may have come there, from this process or another. The answer ends it. */
  onRecords(place: WatchedPlace, listener: () => void): () => void;
  /** Calls `listener` after the version of some team may have changed, here or elsewhere. */
  onTeam(listener: () => void): () => void;
  close(): Promise<void>;
}
