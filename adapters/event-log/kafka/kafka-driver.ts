/**
 * What the adapter asks of a Kafka client, and no more: positions, fetches, plain and transactional writers, and
 * the bare protocol of group membership. Partitions are always named by the caller: reading is by offset, as on
 * the wire, so no client's idea of subscriptions, rebalances or offset repair stands between us and the log.
 *
 * Every method throws `LogUnavailableError` where trying again can help, and drops its connections by itself.
 */
import type { Instant } from "../../../domain/kernel/time.ts";

export type RecordHeaders = Readonly<Record<string, string | Uint8Array | undefined>>;

export type OutgoingRecord = {
  readonly key: string;
  /** Null: a tombstone. */
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, string>>;
};

export type FetchedRecord = {
  readonly offset: number;
  readonly appendedAt: Instant;
  readonly key: string;
  readonly value: Uint8Array | null;
  readonly headers: RecordHeaders;
};

/** The committed records of one partition, and where to go on: gaps are passed over. */
export type FetchedPart = {
  readonly partition: number;
  readonly from: number;
  readonly records: readonly FetchedRecord[];
  readonly next: number;
};

/** `start`: the oldest record kept. `end`: the offset after the newest, of unfinished transactions too. */
export type Bounds = { readonly start: number; readonly end: number };

/** One connection of its own, for one reader: a waiting fetch would keep others waiting. */
export interface KafkaReader {
  /** By partition. */
  bounds(topic: string): Promise<ReadonlyMap<number, Bounds>>;
  /**
   * For one caller that asks again and again. Waits a little for something at or after the cursors; whatever came first is answered, which may be nothing.
   * Throws `LogGapError` when the log no longer has what a cursor points at.
   */
  fetch(topic: string, cursors: ReadonlyMap<number, number>): Promise<readonly FetchedPart[]>;
  /** The same for one partition, for many callers at once: hardly waits. */
  readAt(topic: string, partition: number, from: number): Promise<FetchedPart>;
  /** Offset that the group has committed, as Kafka counts: the next to be read. Null: none. */
  groupPosition(group: string, topic: string, partition: number): Promise<number | null>;
  close(): Promise<void>;
}

/** A partition of a topic, by its name on the brokers. */
export type Place = { readonly topic: string; readonly partition: number };

/** Writes records of one partition; the answer is the first one's offset. */
export type Send = (
  topic: string,
  partition: number,
  records: readonly OutgoingRecord[],
) => Promise<{ readonly firstOffset: number }>;

/** After a failure the writer's numbering is in doubt: close it and open another. */
export interface KafkaWriter {
  readonly send: Send;
  close(): Promise<void>;
}

/** After any failure: close it, fence with another. Throws `OwnershipLostError` once it has been superseded. */
export interface TransactionalWriter {
  /** Ends whatever a former writer of this id left open, and shuts that writer out for good. */
  fence(): Promise<void>;
  /**
   * All that `write` sends to these places becomes visible together, or none of it. Sends to different places may
   * overlap, those to one follow one another.
   */
  transact<T>(places: readonly Place[], write: (send: Send) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

export type Candidate = { readonly member: string; readonly owned: readonly number[] };

type Joined = {
  readonly member: string;
  readonly generation: number;
  /** Who takes part, for the one member that shares out; null for the others. */
  readonly candidates: readonly Candidate[] | null;
};

export type Seat = { readonly member: string; readonly generation: number };
export type Shares = ReadonlyMap<string, readonly number[]>;

export type GroupSettings = {
  readonly group: string;
  readonly topic: string;
  /** A member not heard of for so long is out. */
  readonly sessionMs: number;
  /** How long the others wait for a member to join again. */
  readonly rebalanceMs: number;
};

/** Throws `RebalancingError` and `NoLongerMemberError` beside `LogUnavailableError`. */
export interface GroupLink {
  /** `member` is "" the first time. Waits for every member. */
  join(candidate: Candidate): Promise<Joined>;
  /** Answers this member's partitions. Only the one with candidates sends shares. */
  sync(seat: Seat, shares: Shares): Promise<readonly number[]>;
  heartbeat(seat: Seat): Promise<void>;
  leave(member: string): Promise<void>;
  /** As Kafka counts: the offsets to be read next. */
  commitPositions(seat: Seat, next: ReadonlyMap<number, number>): Promise<void>;
  close(): Promise<void>;
}

export interface KafkaDriver {
  openReader(): KafkaReader;
  openWriter(): Promise<KafkaWriter>;
  /** Asks nothing of the brokers yet. */
  openTransactionalWriter(transactionalId: string): TransactionalWriter;
  openGroup(settings: GroupSettings): GroupLink;
}

/** The group is being shared out anew: join again. */
export class RebalancingError extends Error {
  readonly retryable = true;
  override readonly name = "RebalancingError";
}

/** The group went on without this member; whatever it owned belongs to others now. */
export class NoLongerMemberError extends Error {
  readonly retryable = true;
  override readonly name = "NoLongerMemberError";
}

/** The log was cut off above a position that somebody still needed. Only an operator can tell what to do. */
export class LogGapError extends Error {
  readonly retryable = false;
  override readonly name = "LogGapError";
  readonly partition: number | null;
  constructor(message: string, partition: number | null, options?: ErrorOptions) {
    super(message, options);
    this.partition = partition;
  }
}

/** The brokers refuse for a reason that will stay: rights, credentials, topics of another shape. */
export class KafkaRefusalError extends Error {
  readonly retryable = false;
  override readonly name = "KafkaRefusalError";
}
