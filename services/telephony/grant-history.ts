/**
 * Which grants of the log an earlier run of this server has long dealt with. That goes by the log's own order: the
 * instants in a grant are those of another machine's clock, and a clock that is an hour wrong would make a fresh
 * grant look like one of the past, to which nobody would ever get an answer.
 *
 * The journal keeps how far into `offers` this server had read a while ago. What lies before it has its outcome in
 * the log, or is open in the journal; what lies behind it is known from the journal, or is answered anew.
 */
import type { Instant } from "../../domain/kernel/time.ts";
import type { CallJournal } from "../../domain/ports/call-journal.ts";
import type { Position } from "../../domain/ports/event-log.ts";
import { type JournalRecord, parseJournalRecord } from "./journal-record.ts";

const KEY = "offers-read";
const MARK_EVERY_MS = 60_000;
/** Shorter than what "done" entries are kept for, so that no grant falls between the two. */
const SETTLED_AFTER_MS = 480_000;

type Mark = { readonly at: Instant; readonly upTo: ReadonlyMap<number, number> };

export type GrantHistory = {
  /** An earlier run has dealt with what stands here. */
  isPast(position: Position): boolean;
  noteRead(position: Position): void;
  /** Writes down what has become past by now; call it every few seconds. */
  settle(): Promise<void>;
};

export function createGrantHistory(
  journal: Pick<CallJournal, "entries" | "put">,
  steadyNow: () => Instant,
): GrantHistory {
  const past = readMark(journal);
  const read = new Map<number, number>();
  let marks: readonly Mark[] = [];

  return {
    isPast: ({ partition, offset }) => offset <= (past.get(partition) ?? -1),
    noteRead: ({ partition, offset }) =>
      void read.set(partition, Math.max(read.get(partition) ?? -1, offset)),
    async settle() {
      const now = steadyNow();
      const newest = marks.at(-1);
      if (newest === undefined || now - newest.at >= MARK_EVERY_MS) {
        marks = [...marks, { at: now, upTo: new Map(read) }];
      }
      const settled = marks.findLast(({ at }) => now - at >= SETTLED_AFTER_MS);
      if (settled === undefined) return;
      marks = marks.filter(({ at }) => at > settled.at);
      if (settled.upTo.size === 0) return;
      await journal.put(
        KEY,
        JSON.stringify({ state: "read", upTo: [...settled.upTo] } satisfies JournalRecord),
      );
    },
  };
}

/** For a log that is older than what was noted, or another one: its positions mean something else. */
export function forgetGrantHistory(journal: Pick<CallJournal, "remove">): void {
  journal.remove(KEY);
}

function readMark(journal: Pick<CallJournal, "entries">): ReadonlyMap<number, number> {
  const record = parseJournalRecord(journal.entries().get(KEY) ?? "");
  return new Map(record?.state === "read" ? record.upTo : []);
}
