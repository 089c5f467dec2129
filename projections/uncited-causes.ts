/**
 * Records of `requests` from which nothing has followed yet: every one must be cited by at least one event (I14).
 * Owners handle their inputs in order, so one that is not cited while a later one is was lost on its way; one at
 * the end may simply wait for its owner. A fold of two topics that are read side by side: a citation may be read
 * before its cause.
 */
import type { Instant } from "../domain/kernel/time.ts";

/** Causes, and citations read ahead, that are remembered for a partition; beyond them the oldest are given up. */
export const REMEMBERED_MAX = 100_000;

type PartitionView = {
  /** Not cited yet, by offset, and since when that is known here. In the order of the log. */
  readonly waiting: Map<number, Instant>;
  /** Cited, and not yet read. */
  readonly ahead: Set<number>;
  /** Newest cause read; -1: none. */
  readUpTo: number;
  /** Newest cause cited; -1: none. */
  citedUpTo: number;
  /** Given up, because too many waited. */
  givenUp: number;
};

export type UncitedCauses = { readonly partitions: Map<number, PartitionView> };

export function createUncitedCauses(): UncitedCauses {
  return { partitions: new Map() };
}

function partitionOf(view: UncitedCauses, partition: number): PartitionView {
  const known = view.partitions.get(partition);
  if (known !== undefined) return known;
  const made: PartitionView = {
    waiting: new Map(),
    ahead: new Set(),
    readUpTo: -1,
    citedUpTo: -1,
    givenUp: 0,
  };
  view.partitions.set(partition, made);
  return made;
}

/** A record of `requests`, in place. One that is read twice counts once. */
export function foldCause(
  view: UncitedCauses,
  at: { partition: number; offset: number },
  now: Instant,
): void {
  const known = partitionOf(view, at.partition);
  if (at.offset <= known.readUpTo) return;
  known.readUpTo = at.offset;
  // Owners cite in order: behind the first that is not older there is none.
  for (const cited of known.ahead) {
    if (cited >= at.offset) break;
    known.ahead.delete(cited);
  }
  if (known.ahead.delete(at.offset)) return;
  known.waiting.set(at.offset, now);
  if (known.waiting.size <= REMEMBERED_MAX) return;
  const [oldest] = known.waiting.keys();
  if (oldest !== undefined) known.waiting.delete(oldest);
  known.givenUp += 1;
}

/** An event that names its cause, in place. */
export function foldCitation(view: UncitedCauses, at: { partition: number; offset: number }): void {
  const known = partitionOf(view, at.partition);
  known.citedUpTo = Math.max(known.citedUpTo, at.offset);
  if (known.waiting.delete(at.offset) || at.offset <= known.readUpTo) return;
  if (known.ahead.size < REMEMBERED_MAX) known.ahead.add(at.offset);
}

export type Uncited = {
  readonly partition: number;
  readonly offset: number;
  /** "lost": a later one was handled, this one was not. "waiting": nobody has handled it, or any after it. */
  readonly is: "lost" | "waiting";
};

/** What has waited for longer than `afterMs`. */
export function* uncitedFor(view: UncitedCauses, now: Instant, afterMs: number): Iterable<Uncited> {
  for (const [partition, { waiting, citedUpTo }] of view.partitions) {
    for (const [offset, since] of waiting) {
      if (now - since <= afterMs) break;
      yield { partition, offset, is: offset < citedUpTo ? "lost" : "waiting" };
    }
  }
}
