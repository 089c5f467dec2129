/**
 * What a telephony server remembers of the log, kept in its call journal: the newest record that it wrote to each
 * partition of `requests` and saw acknowledged. It is written along with the journal's own entries, in the same
 * write and sync, so it costs nothing; and what was placed after the last entry is an entry itself.
 */
import { type Instant, instant } from "../domain/kernel/time.ts";
import type { CallJournal } from "../domain/ports/call-journal.ts";
import type { Clock } from "../domain/ports/clock.ts";
import type { EventLog } from "../domain/ports/event-log.ts";
import type { SeenMark } from "../domain/ports/log-memory.ts";

const PREFIX = "seen/requests/";

type Kept = { readonly offset: number; readonly id: string; readonly at: Instant };

export type SeenMarks = {
  /** The log, taking notes. */
  readonly log: EventLog;
  /** The journal without the notes. */
  readonly journal: CallJournal;
  /** As an earlier run of this server left them. */
  readonly marks: readonly SeenMark[];
  forget(marks: readonly SeenMark[]): void;
};

export function rememberSeen(log: EventLog, journal: CallJournal, clock: Pick<Clock, "now">): SeenMarks {
  const fresh = new Map<number, Kept>();

  function note(partition: number, kept: Kept): void {
    const newest = fresh.get(partition);
    if (newest === undefined || newest.offset < kept.offset) fresh.set(partition, kept);
  }

  function putFresh(): void {
    for (const [partition, kept] of fresh) {
      // A mark that is not kept only makes the next comparison start from an older one.
      journal.put(`${PREFIX}${partition}`, JSON.stringify(kept)).catch(() => undefined);
    }
    fresh.clear();
  }

  return {
    log: {
      ...log,
      async append(topic, entries) {
        const appended = await log.append(topic, entries);
        if (topic !== "requests") return appended;
        const at = clock.now();
        for (const [index, { partition, offset }] of appended.positions.entries()) {
          const id = entries[index]?.envelope.id;
          if (id !== undefined) note(partition, { offset, id, at });
        }
        return appended;
      },
    },
    journal: {
      ...journal,
      entries: () => new Map([...journal.entries()].filter(([key]) => !key.startsWith(PREFIX))),
      put(key, body) {
        const kept = journal.put(key, body);
        putFresh();
        return kept;
      },
    },
    marks: [...journal.entries()].flatMap(([key, body]) => parseMark(key, body) ?? []),
    forget(marks) {
      for (const { partition } of marks) journal.remove(`${PREFIX}${partition}`);
    },
  };
}

function parseMark(key: string, body: string): SeenMark | null {
  if (!key.startsWith(PREFIX)) return null;
  const partition = Number(key.slice(PREFIX.length));
  const kept: unknown = JSON.parse(body);
  if (!Number.isInteger(partition) || typeof kept !== "object" || kept === null) return null;
  if (!("offset" in kept && "id" in kept && "at" in kept)) return null;
  const { offset, id, at } = kept;
  if (typeof offset !== "number" || typeof id !== "string" || typeof at !== "number") return null;
  return { topic: "requests", partition, offset, id, at: instant(at) };
}
