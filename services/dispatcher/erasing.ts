import type { Instant } from "../../domain/kernel/time.ts";
import type { EraseCustomer } from "../../domain/request/commands.ts";
import { takenBack } from "../../domain/request/decide.ts";
import { RECEIVER } from "../../domain/request/events.ts";
import type { Book } from "./book.ts";
import type { Cause } from "./ledger.ts";
import type { Pen } from "./pen.ts";

/**
 * Takes back what is open of a Customer, and says that it is done. A call in progress is hung up; its Request
 * ends with its server's report, as after any cancelling. Asked again, it only says so again.
 *
 * Nothing is forgotten here that would not be anyway. What is sealed in memory and in `state` nobody can open any
 * more, and it goes when Requests that are over do; calls made and messages seen must stay as long as for anybody,
 * or a limit could be passed, and an old message call again.
 */
export function eraseCustomer(
  { book, pen }: { readonly book: Book; readonly pen: Pen },
  command: EraseCustomer,
  cause: Cause,
  now: Instant,
): void {
  const { customer, keys } = command;
  // A copy: writing moves Requests within the book.
  const theirs = Array.from(book.requests()).filter(
    ([, { state }]) => "terms" in state && state.terms.customer === customer,
  );
  for (const [request, { state }] of theirs) {
    pen.write(request, takenBack(state, RECEIVER, now), cause, now);
  }
  pen.note({ type: "CustomerErased", at: now, customer, keys }, customer, cause, now);
}
