/**
 * From the log to memory, once per owner: first the changelog on `state`, then the events that it lacks. The
 * changelog is a shorter way only: where a record of it can't be read, nothing of it is believed, and every event
 * that is kept is read instead.
 */
import type { Delivered } from "../../domain/ports/event-log.ts";
import type { Book } from "./book.ts";
import type { RecentCauses } from "./recent-causes.ts";

export type Restoring = {
  restoreState(record: Delivered<"state">): void;
  /** The offset in `events` up to which everything is known; null: nothing is. */
  eventsKnownUpTo(): number | null;
  restoreEvent(record: Delivered<"events">): void;
  /** Offset of the newest input that was handled, by whoever; -1: none. */
  handledUpTo(): number;
  handled(offset: number): void;
  /** Keys of the changelog that can't be read. */
  unreadable(): Iterable<string>;
};

export function createRestoring({
  book,
  causes,
}: {
  readonly book: Book;
  readonly causes: RecentCauses;
}): Restoring {
  const unreadable = new Set<string>();
  let handledUpTo = -1;
  let eventsUpTo: number | null = null;
  let distrusted = false;

  function handled(offset: number | null): void {
    if (offset !== null) handledUpTo = Math.max(handledUpTo, offset);
  }

  return {
    restoreState(record) {
      if (!record.ok) {
        unreadable.add(record.key);
        return;
      }
      unreadable.delete(record.key);
      handled(record.envelope.causeOffset);
      const { message, key } = record;
      switch (message?.type) {
        case "OwnershipTaken":
          return;
        case "Checkpoint":
          eventsUpTo = message.eventsUpTo;
          return;
        case "CauseHandled":
          causes.restore(key, message.causeId);
          return;
        case "RequestState":
        case "CustomerState":
          handled(message.handledUpTo);
          if (!book.restoreState(key, message)) unreadable.add(key);
          return;
        default:
          book.restoreState(key, null);
      }
    },
    eventsKnownUpTo() {
      if (unreadable.size > 0 && !distrusted) {
        distrusted = true;
        eventsUpTo = null;
        book.clear();
      }
      return eventsUpTo;
    },
    restoreEvent(record) {
      if (!record.ok || record.message === null) return;
      const { causationId, causeOffset } = record.envelope;
      handled(causeOffset);
      // Its transaction may have lacked the changelog. An id too many does no harm.
      if (causationId !== null && causeOffset !== null) causes.add(causationId);
      book.restoreEvent(record);
    },
    handledUpTo: () => handledUpTo,
    handled,
    unreadable: () => unreadable,
  };
}
