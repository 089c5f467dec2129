/**
 * A second copy of every Request's events, outside the log and in somebody else's keeping. It is never read by
 * the house itself: whoever doubts the log compares it with this. Personal data stays sealed in it.
 */
import type { Envelope } from "../kernel/envelope.ts";
import type { RequestId } from "../kernel/identifiers.ts";
import type { Instant } from "../kernel/time.ts";
import type { RequestEvent } from "../request/events.ts";
import type { Position } from "./event-log.ts";

export type KeptEvent = {
  readonly event: RequestEvent;
  readonly envelope: Envelope;
  /** Where it stands in the log, and when the log took it. */
  readonly position: Position;
  readonly appendedAt: Instant;
  /** Its link in the partition's chain, in hexadecimal; null where it holds none. */
  readonly link: string | null;
};

export interface AuditStore {
  /**
   * Keeps event `seq` (1 … n) of a Request, durably. The same again is kept once. Throws `AuditGapError` where
   * the one before is not there, `AuditConflictError` where another stands in its place, and
   * `AuditStoreUnavailableError`.
   */
  append(request: RequestId, seq: number, kept: KeptEvent): Promise<void>;
  /** Oldest first; empty where nothing is kept. Throws `AuditStoreUnavailableError`. */
  read(request: RequestId): AsyncIterable<KeptEvent>;
  /** Offset in `events` up to which everything of a partition is kept; null: nothing was noted. */
  keptUpTo(partition: number): Promise<number | null>;
  noteKept(partition: number, offset: number): Promise<void>;
  close(): Promise<void>;
}

/** An event before this one is missing: the copy would have a hole. Trying again unchanged can't help. */
export class AuditGapError extends Error {
  readonly retryable = false;
  override readonly name = "AuditGapError";
}

/** Another event is kept under this number. Trying again can't help; one of the two is not what happened. */
export class AuditConflictError extends Error {
  readonly retryable = false;
  override readonly name = "AuditConflictError";
}

/** The store does not answer, or can't write now. Trying again can help. */
export class AuditStoreUnavailableError extends Error {
  readonly retryable = true;
  override readonly name = "AuditStoreUnavailableError";
}
