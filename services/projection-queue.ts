/** What the projector has read and not yet written: bounded, and handed on in batches by partition. */
import type { Instant } from "../domain/kernel/time.ts";
import type { Delivered } from "../domain/ports/event-log.ts";
import type { Stretch } from "../projections/reports/bookmark.ts";

/** Events of one batch, all partitions together. */
export const BATCH_EVENTS_MAX = 5_000;
/** Events read ahead while a batch is being written; the log waits beyond it. */
export const PENDING_EVENTS_MAX = 10_000;

/** How far the projector is, for whoever asks. Milliseconds since the epoch. */
export type Known = {
  upTo: number | null;
  pending: number;
  oldestPendingAt: Instant | null;
  caughtUp: boolean;
};

export type ProjectionQueue = {
  /** Resolves when there is room for more. */
  readonly take: (records: readonly Delivered<"events">[]) => Promise<void>;
  readonly noteCaughtUp: () => void;
  /** Resolves to true when there is something to do, to false when it was closed. */
  arrived(): Promise<boolean>;
  size(): number;
  /** Up to `BATCH_EVENTS_MAX` events, by partition, oldest first within each. */
  next(): readonly Stretch[];
  written(batch: readonly Stretch[]): void;
  readonly close: () => void;
};

/** What was read and is not written. `known` mirrors it for whoever asks how far behind we are. */
export function createProjectionQueue(known: Known): ProjectionQueue {
  const records: Delivered<"events">[] = [];
  let closed = false;
  let allRead = false;
  let changed = Promise.withResolvers<void>();
  let room = Promise.withResolvers<void>();
  const wake = (): void => {
    changed.resolve();
    changed = Promise.withResolvers<void>();
  };
  const mustWait = (): boolean => !closed && records.length > PENDING_EVENTS_MAX;
  // The moment of having caught up is something to do, once, even when no record came.
  const nothingToDo = (): boolean => !closed && records.length === 0 && (known.caughtUp || !allRead);
  return {
    take: async (more) => {
      records.push(...more);
      known.pending = records.length;
      known.oldestPendingAt = known.oldestPendingAt ?? more[0]?.appendedAt ?? null;
      wake();
      while (mustWait()) await room.promise;
    },
    noteCaughtUp: () => {
      allRead = true;
      wake();
    },
    arrived: async () => {
      while (nothingToDo()) await changed.promise;
      return !closed;
    },
    size: () => records.length,
    next: () => {
      const stretches = Map.groupBy(records.splice(0, BATCH_EVENTS_MAX), ({ partition }) => partition);
      return [...stretches]
        .toSorted(([one], [other]) => one - other)
        .map(([partition, some]) => ({ partition, records: some }));
    },
    written: (batch) => {
      for (const { records: some } of batch)
        known.upTo = Math.max(known.upTo ?? 0, some.at(-1)?.appendedAt ?? 0);
      known.pending = records.length;
      known.oldestPendingAt = records[0]?.appendedAt ?? null;
      if (allRead && records.length === 0) known.caughtUp = true;
      room.resolve();
      room = Promise.withResolvers<void>();
    },
    close: () => {
      closed = true;
      wake();
      room.resolve();
    },
  };
}
