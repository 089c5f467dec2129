/**
 * The log: the only truth of the house, and the only place where its processes meet. Topics, partitions,
 * offsets and group as in Kafka; the embedded adapter keeps the same promises on one machine.
 *
 * Four verbs. `append` for topics with many writers; `follow` for projections and notices; `work` for the
 * co-partitioned topics, one task per partition, fenced; `read` for audit and replay. Messages are the domain's
 * own unions: an adapter encodes them (Avro) and picks the partition (slot mod partitions), so that every
 * adapter puts the same record into the same place.
 *
 * Two rules that the types hold. Visible is not durable: whatever leaves the house waits for a `Durable`. And
 * never trust a transaction alone: every event names its Request, its sequence and its cause, so that a
 * restored task recognises what it has already handled.
 */
import type { DirectoryMessage } from "../directory/messages.ts";
import type { Envelope } from "../kernel/envelope.ts";
import type { Slot } from "../kernel/identifiers.ts";
import type { Instant } from "../kernel/time.ts";
import type { KeyMessage } from "../keys/messages.ts";
import type { InputMessage } from "../request/commands.ts";
import type { RequestEvent } from "../request/events.ts";
import type { LoadMessage } from "../server/load.ts";
import type { OfferMessage } from "../server/offers.ts";
import type { Durable } from "./durable.ts";
import type { StateMessage } from "./task-state.ts";

/** What each topic holds; the discriminator is `type`, unique within its topic. */
export type Messages = {
  readonly requests: InputMessage;
  readonly events: RequestEvent;
  readonly state: StateMessage;
  readonly offers: OfferMessage;
  readonly load: LoadMessage;
  readonly directory: DirectoryMessage;
  readonly keys: KeyMessage;
};
export type TopicName = keyof Messages;

/** A record to be written. */
export type Entry<Topic extends TopicName> = {
  /** Kafka's record key: Customer, Request, server or account id; never a phone number. */
  readonly key: string;
  /** Decides the partition. Ignored where the topic has one partition. */
  readonly slot: Slot;
  readonly envelope: Envelope;
  /** Null is a tombstone: on a compacted topic the key is gone. */
  readonly message: Messages[Topic] | null;
};

/** Where a record stands. Offsets grow within a partition, not necessarily by one. */
export type Position = { readonly partition: number; readonly offset: number };

/** A record as it was read. What cannot be decoded is delivered as such: it must not stop its partition. */
export type Delivered<Topic extends TopicName> = Position & {
  readonly topic: Topic;
  readonly key: string;
  /** When the log took it. */
  readonly appendedAt: Instant;
  /** On `events`, where the reader asked for it (`range.proofs`). */
  readonly proof?: Proof;
} & (
    | { readonly ok: true; readonly envelope: Envelope; readonly message: Messages[Topic] | null }
    | { readonly ok: false; readonly reason: string }
  );

/**
 * What an auditor checks a record of `events` by. The chain of a partition runs through every record, in order:
 * chain(n) = SHA-256(chain(n - 1) ‖ digest(n)), chain(-1) being 32 zero bytes. Each record holds its own link,
 * except an owner's mark, which is written before its owner has read what came before.
 */
export type Proof = {
  /** SHA-256 over key, body and envelope as they are stored, in hexadecimal. */
  readonly digest: string;
  /** The link that the record holds, in hexadecimal; null: an owner's mark, or written before there were chains. */
  readonly chain: string | null;
  /** What the digest is made of beside the key (`domain/kernel/record-chain.ts`): for an auditor's export. */
  readonly body: Uint8Array | null;
  readonly envelope: string;
  /** How the record itself names its body's schema (`ce_dataschema`), where the log keeps that: Kafka does. */
  readonly schema?: string;
};

/** Where a follower begins: at the oldest record, at the end, or just after the offset given per partition. */
export type From = "start" | "end" | { readonly after: ReadonlyMap<number, number> };

export interface Subscription {
  /** Resolves once the records that existed when `follow` was called have been handed over. */
  readonly caughtUp: Promise<void>;
  /** Rejects if the handler threw or the log failed for good; never resolves before `stop`. */
  readonly ended: Promise<void>;
  stop(): Promise<void>;
}

/** The right to write one partition of `events`, `state` and `offers`, until somebody else takes it. */
export interface Ownership {
  readonly partition: number;
  /** Strictly growing per partition, never reused: a server ignores offers and grants of an older one. */
  readonly epoch: number;
  /** Aborted when the partition is lost: the task drops itself with its memory. */
  readonly lost: AbortSignal;
  /**
   * Writes everything of `outputs` and the input position in one transaction. Resolves when it is durable.
   * Throws `OwnershipLostError`; after any throw the task is dropped and restored, never repaired in place.
   */
  commit(outputs: Outputs): Promise<Committed>;
}

export type Committed = {
  readonly durable: Durable;
  /** Offset of the newest event that this owner has written; null: none but its mark. */
  readonly eventsUpTo: number | null;
};

export type Outputs = {
  readonly events: readonly Entry<"events">[];
  readonly state: readonly Entry<"state">[];
  readonly offers: readonly Entry<"offers">[];
  /** Offset of the last input that these outputs account for; null when a timer was the cause. */
  readonly handledUpTo: number | null;
};

/** One owner of one partition. The adapter restores it, then feeds it; calls never overlap. */
export interface Task {
  /** Each record of `state[i]`, oldest first, up to the owner's own mark. */
  restoreState(record: Delivered<"state">): void;
  /** The offset in `events[i]` after which the restored state knows nothing; null reads from the start. */
  eventsKnownUpTo(): number | null;
  /** Each record of `events[i]` after that offset, up to the owner's own mark. */
  restoreEvent(record: Delivered<"events">): void;
  /**
   * Restored. Given the group's committed input offset (null: none), answers after which offset of
   * `requests[i]` to go on; too early is harmless, too late loses a Request.
   */
  resumeAfter(committed: number | null): number | null;
  /** Some input, in order. Resolves after the outputs were committed. */
  handle(records: readonly Delivered<"requests">[]): Promise<void>;
  /** Gone: forget everything, cancel timers, commit nothing more. */
  drop(): void;
}

export interface Worker {
  /** Partitions that this process owns now, for health pages and tests. */
  owned(): readonly number[];
  /** Rejects when the log failed for good. */
  readonly ended: Promise<void>;
  /** Gives every partition back. */
  stop(): Promise<void>;
}

export interface EventLog {
  partitionCount(topic: TopicName): number;
  /** Durable when it resolves; positions in the order given. Throws `LogUnavailableError` or `LogFullError`. */
  append<Topic extends TopicName>(topic: Topic, entries: readonly Entry<Topic>[]): Promise<Appended>;
  /**
   * As `append`, for what later records of this process can't do without: no failure loses these and keeps a
   * record whose append began after this resolved. Visible then, and durable with the next thing that is. The
   * embedded log, one file in one order, need not wait for its disk here; Kafka's topics share no order, so it
   * waits for its brokers.
   */
  appendAhead<Topic extends TopicName>(
    topic: Topic,
    entries: readonly Entry<Topic>[],
  ): Promise<readonly Position[]>;
  /** Every partition of a topic, in order within each, on to live. The next batch waits for the handler. */
  follow<Topic extends TopicName>(
    topic: Topic,
    from: From,
    onRecords: (records: readonly Delivered<Topic>[]) => void | Promise<void>,
  ): Subscription;
  /** Shares the partitions of `requests` out over every process that works in `group`. */
  work(group: string, makeTask: (ownership: Ownership) => Task): Worker;
  /** The records of a partition from `range.from` (inclusive) to `range.to` (exclusive), in batches. */
  read<Topic extends TopicName>(
    topic: Topic,
    partition: number,
    range?: { readonly from?: number; readonly to?: number; readonly proofs?: boolean },
  ): AsyncIterable<readonly Delivered<Topic>[]>;
  /** Everything that this process has seen in the log so far is durable when this resolves. */
  durable(): Promise<Durable>;
  close(): Promise<void>;
}

export type Appended = { readonly durable: Durable; readonly positions: readonly Position[] };

/** The log can't take records now (outage, lock). Trying again can help. */
export class LogUnavailableError extends Error {
  readonly retryable = true;
  override readonly name = "LogUnavailableError";
}

/** The disk under the log is full: nothing was written. Trying again helps once there is space. */
export class LogFullError extends Error {
  readonly retryable = true;
  override readonly name = "LogFullError";
}

/** What holds the log is damaged: see "After a disk fault" in docs/operations.md. Trying again can't help. */
export class LogDamagedError extends Error {
  readonly retryable = false;
  override readonly name = "LogDamagedError";
}

/** Another process owns the partition now; nothing of this commit was written. Trying again can't help. */
export class OwnershipLostError extends Error {
  readonly retryable = false;
  override readonly name = "OwnershipLostError";
}
