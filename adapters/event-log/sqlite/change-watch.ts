import type { DatabaseSync } from "node:sqlite";
import type { TopicName } from "../../../domain/ports/event-log.ts";
import type { ChangedPlace } from "../change-board.ts";
import { TOPIC_NUMBERS } from "./schema.ts";

export type ChangeWatch = {
  /** What has changed since the last look, or since this was made. Throws what SQLite does. */
  look(): { readonly places: readonly ChangedPlace[]; readonly teams: boolean };
  /** What this process itself has written, up to `next`: that is known without a look. */
  note(written: readonly (ChangedPlace & { readonly next: number })[]): void;
};

/** One look for all who wait: the ends of every partition, and whether some team has changed. */
export function createChangeWatch(db: DatabaseSync): ChangeWatch {
  const selectEnds = db.prepare("SELECT topic, part, next FROM part");
  const selectTeams = db.prepare("SELECT total(version) AS version FROM team");
  const topics = new Map(Object.entries(TOPIC_NUMBERS).map(([name, number]) => [number, name as TopicName]));
  const seen = new Map<number, number>();
  let seenTeams: unknown = null;

  function look(): ReturnType<ChangeWatch["look"]> {
    const places: ChangedPlace[] = [];
    for (const { topic, part, next } of selectEnds.all() as { topic: number; part: number; next: number }[]) {
      const place = topic * PARTITIONS_MAX + part;
      const name = topics.get(topic);
      if (seen.get(place) === next || name === undefined) continue;
      seen.set(place, next);
      places.push({ topic: name, partition: part });
    }
    const version = selectTeams.get()?.["version"];
    const teams = version !== seenTeams;
    seenTeams = version;
    return { places, teams };
  }

  look();
  return {
    look,
    note(written) {
      for (const { topic, partition, next } of written) {
        const place = TOPIC_NUMBERS[topic] * PARTITIONS_MAX + partition;
        seen.set(place, Math.max(next, seen.get(place) ?? 0));
      }
    },
  };
}

/** Beyond any number of partitions of an embedded log: makes one number of topic and partition. */
const PARTITIONS_MAX = 1_024;
