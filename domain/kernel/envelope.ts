import type { Instant } from "./time.ts";

/**
 * What every record carries beside its body: the CloudEvents 1.0 attributes (Kafka binary mode: each is a
 * header `ce_…`) and our extensions. Nothing here may hold a number, a name or a secret.
 */
export type Envelope = {
  /** Unique per record; a repeat of the same append has the same id. */
  readonly id: string;
  /** The process that wrote it, e.g. "gateway/http" or "dispatcher/3". */
  readonly source: string;
  /** The Request it is about, or null for records about servers, Senders or partitions. */
  readonly subject: string | null;
  readonly time: Instant;
  /** 1 … n within the subject, on the `events` topic only. */
  readonly sequence: number | null;
  /** The same for everything that follows from one Request. */
  readonly correlationId: string;
  /** Id of the record that caused this one; null for a first cause. */
  readonly causationId: string | null;
  /** Offset of the cause on `requests`; null when a timer or an outsider was the cause. */
  readonly causeOffset: number | null;
  /** Epoch of the partition's owner that wrote it; null outside `events`, `state` and `offers`. */
  readonly ownerEpoch: number | null;
};

/** The envelope of a record that no partition's owner writes: a command, a fact, a report, an account. */
export function unownedEnvelope(record: {
  readonly id: string;
  readonly source: string;
  readonly subject: string | null;
  readonly time: Instant;
  readonly causationId: string | null;
}): Envelope {
  const { id, subject } = record;
  return { ...record, sequence: null, correlationId: subject ?? id, causeOffset: null, ownerEpoch: null };
}
