/** The one hand that writes: folds an event into the book, puts it into the ledger, and says what has changed. */
import type { CustomerState } from "../../domain/customer/state.ts";
import type { CustomerKey, RequestId } from "../../domain/kernel/identifiers.ts";
import type { Instant } from "../../domain/kernel/time.ts";
import type { InboundReported } from "../../domain/request/commands.ts";
import type { RequestEvent } from "../../domain/request/events.ts";
import type { Book, Folded } from "./book.ts";
import type { Cause, Ledger } from "./ledger.ts";

export type Pen = {
  /** Events of a Request, in order. One that is unknown here can only have ignored facts, which are noted. */
  write(request: RequestId, decided: readonly RequestEvent[], cause: Cause, now: Instant): void;
  /** An event that belongs to no Request of ours. */
  note(event: RequestEvent, key: string, cause: Cause, now: Instant): void;
  /** An event of a Customer that calls in. */
  caller(event: InboundReported, cause: Cause, now: Instant): void;
  /** A record that changes nothing, and why: none is without consequence (I14). */
  ignore(
    request: RequestId,
    ignored: { readonly fact: string; readonly reason: string },
    cause: Cause,
    now: Instant,
  ): void;
};

/** Who hears of every event, after it was written. */
export type PenHooks = {
  readonly onWritten: (request: RequestId, event: RequestEvent, folded: Folded, now: Instant) => void;
  readonly onCaller: (customer: CustomerKey, before: CustomerState, now: Instant) => void;
};

export function createPen(book: Book, ledger: Ledger, { onWritten, onCaller }: PenHooks): Pen {
  function writeOne(request: RequestId, event: RequestEvent, cause: Cause, now: Instant): void {
    if (event.type !== "RequestReceived" && !book.knows(request)) {
      return ledger.note(event, request, cause, now);
    }
    const folded = book.fold(request, event);
    ledger.write(request, event, folded, cause, now);
    onWritten(request, event, folded, now);
  }

  function write(request: RequestId, decided: readonly RequestEvent[], cause: Cause, now: Instant): void {
    for (const event of decided) writeOne(request, event, cause, now);
  }

  return {
    write,
    note: (event, key, cause, now) => ledger.note(event, key, cause, now),
    caller(event, cause, now) {
      const before = book.customer(event.customer);
      book.foldCaller(event.customer, event);
      ledger.note(event, event.customer, cause, now);
      onCaller(event.customer, before, now);
    },
    ignore: (request, ignored, cause, now) =>
      write(request, [{ type: "FactIgnored", at: now, ...ignored }], cause, now),
  };
}
