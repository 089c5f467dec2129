import type { Instant } from "../kernel/time.ts";

/** A record that somebody knows to have been in the log. `id` is its envelope's; null: known by `at` alone. */
export type SeenMark = {
  readonly topic: "requests" | "events";
  readonly partition: number;
  readonly offset: number;
  readonly id: string | null;
  /** When it was noted; without an id, when the log took it. */
  readonly at: Instant;
};

/**
 * What the processes of one machine remember of the log, kept outside of it: by this an old copy that was put in
 * the log's place is recognised. Several processes share one memory; each adds what it knows.
 */
export interface LogMemory {
  /** The newest mark of each partition; none where nothing was ever kept, or the memory can't be read. */
  read(): readonly SeenMark[];
  /** Durable when it resolves. Rejects where the disk takes nothing: older marks are kept, and that is harmless. */
  keep(marks: readonly SeenMark[]): Promise<void>;
  /** Takes these marks out again, after somebody has been told. */
  forget(marks: readonly SeenMark[]): Promise<void>;
}
