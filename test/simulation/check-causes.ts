/** Nothing without consequence, nothing without cause, nothing held for ever (I14, I15, I16). */
import type { CustomerKey } from "../../domain/kernel/identifiers.ts";
import { type Evidence, eventsIn, type Histories } from "./evidence.ts";
import type { Report } from "./violation.ts";

/** I14: no record of `requests` without consequence. */
export function checkCauses({ store }: Evidence, report: Report): void {
  for (let partition = 0; partition < store.partitionCount("requests"); partition += 1) {
    const cited = new Set(store.records("events", partition).map(({ envelope }) => envelope.causeOffset));
    for (const { offset, message } of store.records("requests", partition)) {
      if (!cited.has(offset))
        report("I14", `nothing followed from ${message?.type} at ${partition}/${offset}`);
    }
  }
}

/** I15: every call that left was to be placed by that server, in the log's word. */
export function checkCallsBacked({ truth }: Evidence, histories: Histories, report: Report): void {
  for (const { offer, request, server } of truth.calls) {
    if (offer === null || request === null) continue;
    const accepted = eventsIn(histories.get(request)).some(
      (event) => event.type === "Accepted" && event.offer === offer && event.server === server,
    );
    if (!accepted) report("I15", `the log does not know that ${offer} was to be called`);
  }
}

/** I15: whatever a server was told follows from an event that says the same. */
export function checkOffersBacked({ store }: Evidence, histories: Histories, report: Report): void {
  for (const { message } of store.all("offers")) {
    if (message === null || message.type === "HangUp") continue;
    const wanted = message.type === "Offer" ? "Dispatched" : "Accepted";
    const backed = eventsIn(histories.get(message.requestId)).some(
      (event) => event.type === wanted && event.offer === message.offer && event.server === message.server,
    );
    if (!backed)
      report("I15", `${message.server} got the ${message.type} ${message.offer} without ${wanted}`);
  }
}

type HeldLine = { readonly customer: CustomerKey; readonly by: readonly string[] };

/** The Customers whose lines are taken, by the newest state of each. */
export function linesHeld({ all }: Pick<Evidence["store"], "all">): readonly HeldLine[] {
  const lines = new Map<CustomerKey, string>();
  for (const { key, message } of all("state")) {
    // A Customer of whom nothing is worth keeping is forgotten.
    if (message === null) lines.delete(key as CustomerKey);
    else if (message.type === "CustomerState") lines.set(key as CustomerKey, message.snapshot);
  }
  return [...lines].flatMap(([customer, snapshot]) => {
    const { busyWith } = JSON.parse(snapshot) as { readonly busyWith: readonly string[] };
    return busyWith.length > 0 ? [{ customer, by: busyWith }] : [];
  });
}

/** I16: every Customer's line is free again. */
export function checkLines({ store }: Evidence, report: Report): void {
  for (const { customer, by } of linesHeld(store)) {
    report("I16", `the line of ${customer} is held by ${by.join(", ")} for ever`);
  }
}
