/**
 * What a hold means to the owner of a partition: it goes on taking commands and facts, but offers nothing, grants
 * nothing and lets no time pass for what waits. When the operator has decided, it goes on, or ends what it held.
 */
import { endsUnknown, isHeld } from "../../domain/directory/hold.ts";
import type { Instant } from "../../domain/kernel/time.ts";
import type { InputMessage, OfferAnswer, SubmitRequest } from "../../domain/request/commands.ts";
import { isAbout } from "../../domain/request/decide.ts";
import type { RequestEvent } from "../../domain/request/events.ts";
import type { RequestState } from "../../domain/request/state.ts";
import { priorityOf } from "../../domain/schedule/priority.ts";
import type { Directory } from "../../projections/directory.ts";
import type { Book } from "./book.ts";
import { BY_TIMER, type Cause } from "./ledger.ts";
import type { Pen } from "./pen.ts";

export type HoldKeeper = {
  isHeld(): boolean;
  /** True where the hold has answered the record: a server's yes that must not become a grant. */
  takes(message: InputMessage, cause: Cause, now: Instant): boolean;
  /** Ends what nobody can know the end of, where the operator has chosen that. */
  settle(now: Instant): void;
};

export function createHoldKeeper(ports: {
  readonly directory: Pick<Directory, "hold">;
  readonly book: Book;
  readonly pen: Pen;
}): HoldKeeper {
  const { directory, book, pen } = ports;
  /** Of the lifting whose Requests have been ended here; an old command that comes late is looked at again. */
  let settledAt: Instant | null = null;

  function withdraw(answer: OfferAnswer, cause: Cause, now: Instant): boolean {
    const decided = takenBack(book.stateOf(answer.requestId), answer, now);
    if (decided.length === 0) return false;
    pen.write(answer.requestId, decided, cause, now);
    return true;
  }

  /** Received before the hold, and only now read: rare, since everything received is read at once. */
  function isOld({ receivedAt }: SubmitRequest): boolean {
    return directory.hold?.type === "HoldLifted" && receivedAt <= directory.hold.heldSince;
  }

  return {
    isHeld: () => isHeld(directory.hold),
    takes(message, cause, now) {
      if (message.type === "SubmitRequest" && isOld(message)) settledAt = null;
      return message.type === "OfferAccepted" && isHeld(directory.hold) && withdraw(message, cause, now);
    },
    settle(now) {
      const { hold } = directory;
      if (hold?.type !== "HoldLifted" || hold.at === settledAt) return;
      settledAt = hold.at;
      // A copy: writing moves Requests within the book.
      for (const [request, { state }] of Array.from(book.requests())) {
        pen.write(request, endsUnknown(hold, state, now), BY_TIMER, now);
      }
    },
  };
}

/** The offer is taken back before its grant, and the Request waits on; nothing where it was not open. */
function takenBack(state: RequestState, answer: OfferAnswer, now: Instant): readonly RequestEvent[] {
  if (state.phase !== "offered" || !isAbout(state, answer)) return [];
  const { attempt, offer, server, terms } = state;
  return [
    { type: "DispatchRejected", at: now, attempt, offer, server, reason: "policy-changed" },
    { type: "RequestQueued", at: now, priority: priorityOf(terms), verdicts: [] },
  ];
}
