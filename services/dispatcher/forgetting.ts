/** Lets Customers go of whom nothing is worth keeping any more, so that memory and changelog stay bounded (H10, H14). */
import { forgettableAt } from "../../domain/customer/state.ts";
import type { CustomerKey } from "../../domain/kernel/identifiers.ts";
import { HOUR_MS, type Instant, latest } from "../../domain/kernel/time.ts";
import { createTimerHeap } from "../../domain/schedule/timer-heap.ts";
import type { Book } from "./book.ts";

export type Forgetting = {
  /** Looks at this Customer again when it may be forgotten. One look is arranged at a time. */
  watch(customer: CustomerKey, now: Instant): void;
  forgetDue(now: Instant): void;
};

/** Customers looked at in one go. */
const LOOKS_AT_ONCE_MAX = 1_000;

export function createForgetting(
  book: Pick<Book, "customer" | "forgetCustomer">,
  volumePeriodMs: () => number,
): Forgetting {
  const looks = createTimerHeap<CustomerKey>();
  const watched = new Set<CustomerKey>();

  function watch(customer: CustomerKey, now: Instant): void {
    if (watched.has(customer)) return;
    watched.add(customer);
    // Not earlier than in an hour: whoever was just called will probably be called again.
    const soonest = (now + HOUR_MS) as Instant;
    looks.push(
      latest(soonest, forgettableAt(book.customer(customer), volumePeriodMs()) ?? soonest),
      customer,
    );
  }

  return {
    watch,
    forgetDue(now) {
      for (let looked = 0; looked < LOOKS_AT_ONCE_MAX; looked += 1) {
        const customer = looks.popDue(now);
        if (customer === null) return;
        watched.delete(customer);
        const at = forgettableAt(book.customer(customer), volumePeriodMs());
        if (at !== null && at <= now) book.forgetCustomer(customer);
        else watch(customer, now);
      }
    },
  };
}
