/** The changelog on `state`: what the book knows now of all that has changed, one record per key. */
import type { Entry } from "../../domain/ports/event-log.ts";
import type { StateMessage } from "../../domain/ports/task-state.ts";
import type { Book } from "./book.ts";
import type { Ledger } from "./ledger.ts";
import type { RecentCauses } from "./recent-causes.ts";

/** How far the partition has come. */
export type Progress = {
  /** Newest input since the last commit; null: a timer was the cause. */
  readonly inputTaken: number | null;
  /** Newest input handled, here or by an earlier owner; -1: none. */
  readonly handledUpTo: number;
  /** Newest event that was committed; null: none. */
  readonly eventsUpTo: number | null;
};

export type Memory = { readonly book: Book; readonly causes: RecentCauses };

type Said = readonly [key: string, message: StateMessage | null];

/** What has changed since the last call. */
export function takeChangelog(
  { book, causes }: Memory,
  ledger: Ledger,
  progress: Progress,
): readonly Entry<"state">[] {
  const lines = [...said(book, progress), ...causes.takeAdded().map(causeLine)];
  return lines.map(([key, message]) => ledger.stateEntry(key, message, progress.handledUpTo));
}

function causeLine({ key, id }: { readonly key: string; readonly id: string }): Said {
  return [key, { type: "CauseHandled", causeId: id }];
}

function said(book: Book, { inputTaken, eventsUpTo }: Progress): readonly Said[] {
  const { requests, customers } = book.takeTouched();
  const common = { handledUpTo: inputTaken };
  const lines: Said[] = [];
  for (const [request, open] of requests) {
    if (open === null) lines.push([request, null]);
    else {
      const { seq, state } = open;
      lines.push([request, { type: "RequestState", seq, ...common, snapshot: JSON.stringify(state) }]);
    }
  }
  for (const [customer, state] of customers) {
    if (state === null) lines.push([customer, null]);
    else lines.push([customer, { type: "CustomerState", ...common, snapshot: JSON.stringify(state) }]);
  }
  // Written by a probe too, which has nothing else to say.
  if (eventsUpTo !== null) lines.push(["checkpoint", { type: "Checkpoint", eventsUpTo }]);
  return lines;
}
