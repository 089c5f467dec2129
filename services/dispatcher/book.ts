/**
 * What the owner of a partition knows: every open Request and every Customer that is not yet forgotten. It is
 * the fold of the partition's events; the changelog on `state` is only a shorter way to it. What has changed
 * since the last commit is marked, so that the changelog says it.
 */
import { type CustomerState, foldCustomer, UNKNOWN_CUSTOMER } from "../../domain/customer/state.ts";
import { type CustomerKey, parseRequestId, type RequestId } from "../../domain/kernel/identifiers.ts";
import type { Delivered } from "../../domain/ports/event-log.ts";
import { parseSnapshot, type StateMessage } from "../../domain/ports/task-state.ts";
import type { RequestEvent } from "../../domain/request/events.ts";
import { evolve, NO_REQUEST, type RequestState } from "../../domain/request/state.ts";

type OpenRequest = { readonly state: RequestState; readonly seq: number };

/** One event folded: the Request before and after it, and its number. */
export type Folded = {
  readonly before: RequestState;
  readonly next: RequestState;
  readonly seq: number;
  /** Null: an event of a Request that nobody knows. */
  readonly customer: CustomerKey | null;
};

/** Numbers of a Request's events that were not there when it was restored. */
type Gap = {
  readonly request: RequestId;
  /** Every event up to this number is known; 0: not even its receipt. */
  readonly knownUpTo: number;
  readonly foundNext: number;
};

export type Book = {
  stateOf(request: RequestId): RequestState;
  knows(request: RequestId): boolean;
  customer(customer: CustomerKey): CustomerState;
  requests(): Iterable<readonly [RequestId, OpenRequest]>;
  customers(): Iterable<readonly [CustomerKey, CustomerState]>;
  fold(request: RequestId, event: RequestEvent): Folded;
  /** An event of a Customer that belongs to no Request: a call that came in. */
  foldCaller(customer: CustomerKey, event: RequestEvent): void;
  forget(request: RequestId): void;
  /** Before a restore from the events alone. */
  clear(): void;
  forgetCustomer(customer: CustomerKey): void;
  /** False where the snapshot is none: nothing is restored then. */
  restoreState(key: string, message: Extract<StateMessage, { readonly snapshot: string }> | null): boolean;
  restoreEvent(record: Extract<Delivered<"events">, { readonly ok: true }>): void;
  /** After the restore: Requests of which events are missing. Their numbers go on after the last that was found. */
  takeGaps(): readonly Gap[];
  /** What has changed since the last call, as it is now; null: forgotten. */
  takeTouched(): {
    readonly requests: readonly (readonly [RequestId, OpenRequest | null])[];
    readonly customers: readonly (readonly [CustomerKey, CustomerState | null])[];
  };
  hasTouched(): boolean;
};

const UNKNOWN: OpenRequest = { state: NO_REQUEST, seq: 0 };

export function createBook(): Book {
  const requests = new Map<RequestId, OpenRequest>();
  const customers = new Map<CustomerKey, CustomerState>();
  const gaps = new Map<RequestId, Gap & { readonly highest: number }>();
  const touchedRequests = new Set<RequestId>();
  const touchedCustomers = new Set<CustomerKey>();

  const customerOf = (customer: CustomerKey): CustomerState => customers.get(customer) ?? UNKNOWN_CUSTOMER;

  function foldCaller(customer: CustomerKey, event: RequestEvent, request: RequestId | null = null): void {
    customers.set(customer, foldCustomer(customerOf(customer), event, request));
    touchedCustomers.add(customer);
  }

  function fold(request: RequestId, event: RequestEvent): Folded {
    const open = requests.get(request) ?? UNKNOWN;
    const before = open.state;
    const next = evolve(before, event);
    const seq = open.seq + 1;
    touchedRequests.add(request);
    if (before.phase === "none" && next.phase === "none") requests.delete(request);
    else requests.set(request, { state: next, seq });
    const customer = "terms" in next ? next.terms.customer : null;
    if (customer !== null) foldCaller(customer, event, request);
    return { before, next, seq, customer };
  }

  // A lower number is a duplicate of what is known already; after a gap nothing more is believed.
  function restoreNumbered(request: RequestId, seq: number, event: RequestEvent): void {
    const knownUpTo = (requests.get(request) ?? UNKNOWN).seq;
    const gap = gaps.get(request);
    if (gap !== undefined) gaps.set(request, { ...gap, highest: Math.max(gap.highest, seq) });
    else if (seq === knownUpTo + 1) fold(request, event);
    else if (seq > knownUpTo) gaps.set(request, { request, knownUpTo, foundNext: seq, highest: seq });
  }

  function forget(request: RequestId): void {
    requests.delete(request);
    touchedRequests.add(request);
  }

  return {
    stateOf: (request) => requests.get(request)?.state ?? NO_REQUEST,
    knows: (request) => requests.has(request),
    customer: customerOf,
    requests: () => requests,
    customers: () => customers,
    fold,
    foldCaller: (customer, event) => foldCaller(customer, event),
    forget,
    clear() {
      requests.clear();
      customers.clear();
    },
    forgetCustomer(customer) {
      if (customers.delete(customer)) touchedCustomers.add(customer);
    },
    restoreState(key, message) {
      if (message === null) {
        requests.delete(key as RequestId);
        customers.delete(key as CustomerKey);
        return true;
      }
      const state = parseSnapshot(message.snapshot);
      if (state === null) return false;
      if (message.type === "CustomerState") {
        // Of an older version, it may lack what was added since.
        customers.set(key as CustomerKey, { ...UNKNOWN_CUSTOMER, ...state });
        return true;
      }
      const request = parseRequestId(key);
      if (request === null) return true;
      if (!("phase" in state)) return false;
      requests.set(request, { state: state as RequestState, seq: message.seq });
      return true;
    },
    restoreEvent({ envelope, message }) {
      if (message === null) return;
      if (message.type === "InboundStarted" || message.type === "InboundEnded") {
        foldCaller(message.customer, message);
      }
      const request = parseRequestId(envelope.subject ?? "");
      if (request === null || envelope.sequence === null) return;
      restoreNumbered(request, envelope.sequence, message);
    },
    takeGaps() {
      const found = [...gaps.values()];
      for (const { request, highest } of found) {
        const open = requests.get(request);
        if (open !== undefined) requests.set(request, { ...open, seq: highest });
      }
      gaps.clear();
      return found;
    },
    takeTouched() {
      const changed = {
        requests: [...touchedRequests].map((request) => [request, requests.get(request) ?? null] as const),
        customers: [...touchedCustomers].map(
          (customer) => [customer, customers.get(customer) ?? null] as const,
        ),
      };
      touchedRequests.clear();
      touchedCustomers.clear();
      return changed;
    },
    hasTouched: () => touchedRequests.size + touchedCustomers.size > 0,
  };
}
