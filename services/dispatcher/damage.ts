/** What can't be read, or is not there: it is set aside with an alarm, and the partition goes on. */
import type { Instant } from "../../domain/kernel/time.ts";
import type { Delivered } from "../../domain/ports/event-log.ts";
import type { OperatorLog } from "../../domain/ports/operator-log.ts";
import type { Book } from "./book.ts";
import { BY_TIMER } from "./ledger.ts";
import type { Pen } from "./pen.ts";

export type Damage = {
  /** Of the changelog of this partition's state; everything was restored from the events instead. */
  tellUnreadable(keys: Iterable<string>): void;
  /** After a restore: Requests of which events are missing. */
  setGapsAside(now: Instant): void;
  /** A record of `requests` that nobody can read, or that none of ours has written. */
  quarantine(record: Delivered<"requests">, reason: string, now: Instant): void;
  figures(): { readonly quarantined: number; readonly setAside: number };
};

export function createDamage(ports: {
  readonly partition: number;
  readonly book: Book;
  readonly pen: Pen;
  readonly operatorLog: OperatorLog;
}): Damage {
  const { partition, book, pen, operatorLog } = ports;
  let quarantined = 0;
  let setAside = 0;

  return {
    tellUnreadable(keys) {
      for (const key of keys) {
        operatorLog.error("a record of the task's state can't be read: all is restored from events", {
          partition,
          key,
        });
      }
    },
    setGapsAside(now) {
      for (const { request, knownUpTo, foundNext } of book.takeGaps()) {
        const where = { request, partition, knownUpTo, foundNext };
        operatorLog.error("events of a Request are missing: it is set aside for an operator", where);
        setAside += 1;
        if (!book.knows(request) || book.stateOf(request).phase === "over") continue;
        pen.write(request, [{ type: "RequestSetAside", at: now, knownUpTo, foundNext }], BY_TIMER, now);
      }
    },
    quarantine(record, reason, now) {
      const { topic, offset } = record;
      const where = { topic, partition: record.partition, offset, reason };
      operatorLog.error("a record can't be taken: it is set aside, its partition goes on", where);
      quarantined += 1;
      pen.note({ type: "RecordQuarantined", at: now, ...where }, "quarantine", { id: null, offset }, now);
    },
    figures: () => ({ quarantined, setAside }),
  };
}
