/**
 * Who in this process waits for what: of a change only those hear whom it concerns. A commit to one partition
 * would otherwise wake every follower and every task, each to look for itself and find nothing.
 */
import type { TopicName } from "../../domain/ports/event-log.ts";

export type ChangedPlace = { readonly topic: TopicName; readonly partition: number };
/** Null: any partition of the topic. */
export type WatchedPlace = { readonly topic: TopicName; readonly partition: number | null };

type Watcher = WatchedPlace & { readonly listener: () => void };

export type ChangeBoard = {
  /** Calls `listener` when there may be new records. The answer ends it. */
  watch(place: WatchedPlace, listener: () => void): () => void;
  /** Calls `listener` when some group may have changed. */
  watchTeams(listener: () => void): () => void;
  tell(changed: readonly ChangedPlace[]): void;
  tellTeams(): void;
  /** When nobody knows what has changed. */
  tellAll(): void;
};

export function createChangeBoard(): ChangeBoard {
  const watchers = new Set<Watcher>();
  const teamListeners = new Set<() => void>();

  function tellTeams(): void {
    for (const listener of teamListeners) listener();
  }

  function concerns(watcher: Watcher, changed: readonly ChangedPlace[]): boolean {
    return changed.some(
      ({ topic, partition }) =>
        topic === watcher.topic && (watcher.partition === null || partition === watcher.partition),
    );
  }

  return {
    watch(place, listener) {
      const watcher = { ...place, listener };
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
    watchTeams(listener) {
      teamListeners.add(listener);
      return () => teamListeners.delete(listener);
    },
    tell(changed) {
      if (changed.length === 0) return;
      for (const watcher of watchers) if (concerns(watcher, changed)) watcher.listener();
    },
    tellTeams,
    tellAll() {
      for (const { listener } of watchers) listener();
      tellTeams();
    },
  };
}

/** Each once: a commit's records share few places. */
export function placesOf(records: readonly ChangedPlace[]): readonly ChangedPlace[] {
  const places = new Map(
    records.map(({ topic, partition }) => [`${topic}/${partition}`, { topic, partition }]),
  );
  return [...places.values()];
}
