/**
 * The Requests that wait for a port, best first, and beside them those whose Customer's line is taken: they lose
 * no place, and come back when the line is free.
 */
import type { CustomerKey, RequestId } from "../../domain/kernel/identifiers.ts";
import type { RequestState } from "../../domain/request/state.ts";
import { createReadyQueue } from "../../domain/schedule/ready-queue.ts";

export type WaitingLine = {
  /** Puts a queued Request into the line; harmless for any other, and for one that stands there already. */
  enqueue(request: RequestId): void;
  /** The best of the line, removed; null: nobody waits. It may have moved on meanwhile: the caller looks. */
  next(): RequestId | null;
  /** Sets a Request aside until its Customer's line is free. */
  park(customer: CustomerKey, request: RequestId): void;
  /** The Customer's line is free: whoever was set aside for it waits again. */
  unpark(customer: CustomerKey): void;
  /** Without those that are set aside. */
  length(): number;
};

export function createWaitingLine(stateOf: (request: RequestId) => RequestState): WaitingLine {
  const ready = createReadyQueue();
  const standing = new Set<RequestId>();
  const parked = new Map<CustomerKey, Set<RequestId>>();

  function enqueue(request: RequestId): void {
    const state = stateOf(request);
    if (state.phase !== "queued" || standing.has(request)) return;
    standing.add(request);
    ready.push({ request, priority: state.priority, since: state.receivedAt });
  }

  return {
    enqueue,
    next() {
      const request = ready.pop();
      if (request !== null) standing.delete(request);
      return request;
    },
    park: (customer, request) => void parked.set(customer, (parked.get(customer) ?? new Set()).add(request)),
    unpark(customer) {
      const waiting = parked.get(customer);
      if (waiting === undefined) return;
      parked.delete(customer);
      for (const request of waiting) enqueue(request);
    },
    length: () => standing.size,
  };
}
