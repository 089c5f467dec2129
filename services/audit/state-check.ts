/**
 * Whether the owner of a partition remembers what follows from its events: each open Request at the number that
 * its record names, each Customer's line, calls and messages. `state` is read first and the events after it, so
 * an installation at work is judged as exactly as one at rest.
 */

import type { Finding } from "../../domain/audit/finding.ts";
import { type CustomerState, foldCustomer, UNKNOWN_CUSTOMER } from "../../domain/customer/state.ts";
import { canonicalJson } from "../../domain/kernel/canonical-json.ts";
import { type CustomerKey, parseRequestId, type RequestId } from "../../domain/kernel/identifiers.ts";
import type { Delivered } from "../../domain/ports/event-log.ts";
import { parseSnapshot } from "../../domain/ports/task-state.ts";
import type { RequestEvent } from "../../domain/request/events.ts";
import { evolve, NO_REQUEST, type RequestState } from "../../domain/request/state.ts";
import type { OwnerMemory } from "./owner-memory.ts";

type Request = { state: RequestState; seq: number; offset: number };
type Customer = { state: CustomerState; lastAt: number; agrees: boolean };

export type StateCheck = {
  take(record: Delivered<"events">): void;
  /** Once every event was taken. */
  findings(): readonly Finding[];
  /** Records of `state` held against the events. */
  compared(): number;
};

/** `callsForgottenMs`: the owner may forget a Customer whose calls are older than this. */
export function createStateCheck(
  partition: number,
  memory: OwnerMemory,
  callsForgottenMs: number,
): StateCheck {
  const requests = new Map<RequestId, Request>();
  const customers = new Map<CustomerKey, Customer>();
  const findings: Finding[] = [];
  const met = new Set<RequestId>();
  /** Null until the first record: whether the partition is there from its beginning. */
  let whole: boolean | null = null;

  function foldOne(
    customer: CustomerKey,
    event: RequestEvent,
    request: RequestId | null,
    offset: number,
  ): void {
    const remembered = memory.customers.get(customer);
    if (remembered === undefined) return;
    const known = customers.get(customer) ?? { state: UNKNOWN_CUSTOMER, lastAt: 0, agrees: false };
    customers.set(customer, known);
    known.state = foldCustomer(known.state, event, request);
    known.lastAt = event.at;
    const agrees = isRemembered(remembered, known, callsForgottenMs);
    // Up to the checkpoint the owner has written everything down; of what came later it may not know yet.
    known.agrees = offset <= memory.checkpoint ? agrees : known.agrees || agrees;
  }

  function foldEvent(request: RequestId, event: RequestEvent, seq: number, offset: number): void {
    const known = requests.get(request) ?? { state: NO_REQUEST, seq: 0, offset };
    if (seq !== known.seq + 1) return;
    known.state = evolve(known.state, event);
    known.seq = seq;
    known.offset = offset;
    requests.set(request, known);
    compare(request, known);
    if ("terms" in known.state) foldOne(known.state.terms.customer, event, request, offset);
    // Over, and not to be compared any more: nothing that comes later is of interest here.
    if (known.state.phase === "over" && seq >= (memory.requests.get(request)?.seq ?? 0))
      requests.delete(request);
  }

  function compare(request: RequestId, known: Request): void {
    const remembered = memory.requests.get(request);
    if (remembered?.seq !== known.seq || met.has(request)) return;
    met.add(request);
    const fields = differing(known.state, parseSnapshot(remembered.snapshot) ?? {});
    if (fields.length === 0) return;
    const place = { topic: "events", partition, offset: known.offset };
    const detail = `after number ${known.seq} the phase is ${known.state.phase}; remembered otherwise: ${fields.join(", ")}`;
    findings.push({ code: "state-differs", place, request, detail });
  }

  function requestFindings(): Finding[] {
    const ahead = [...memory.requests].filter(([request]) => !met.has(request));
    const forgotten = [...requests].filter(
      ([request, { state, offset }]) =>
        offset <= memory.checkpoint &&
        !memory.requests.has(request) &&
        state.phase !== "over" &&
        state.phase !== "none",
    );
    return [
      ...ahead.map(([request, { seq }]) => ({
        code: "state-ahead" as const,
        place: null,
        request,
        detail: `number ${seq} is remembered, the events end at ${requests.get(request)?.seq ?? "none"}`,
      })),
      ...forgotten.map(([request, { state, offset }]) => ({
        code: "state-missing" as const,
        place: { topic: "events", partition, offset },
        request,
        detail: `its phase is ${state.phase}`,
      })),
    ];
  }

  function customerFindings(): Finding[] {
    return [...memory.customers]
      .filter(([customer]) => customers.get(customer)?.agrees !== true)
      .map(([customer]) => ({
        code: "state-differs" as const,
        place: null,
        request: null,
        detail: `Customer ${customer}: its calls, its line or its messages are not those of the events`,
      }));
  }

  return {
    take(record) {
      whole ??= record.offset === 0;
      if (!whole || !record.ok || record.message === null) return;
      const { message, envelope, offset } = record;
      if (message.type === "InboundStarted" || message.type === "InboundEnded")
        foldOne(message.customer, message, null, offset);
      const request = parseRequestId(envelope.subject ?? "");
      if (request !== null && envelope.sequence !== null)
        foldEvent(request, message, envelope.sequence, offset);
    },
    // Without the beginning there is nothing to hold the owner's memory against.
    findings: () => (whole === false ? [] : [...findings, ...requestFindings(), ...customerFindings()]),
    compared: () => (whole === false ? 0 : memory.requests.size + memory.customers.size),
  };
}

/** The owner may have forgotten a Customer, calls and messages with it, once all of that was too old to matter. */
function isRemembered(remembered: CustomerState, known: Customer, callsForgottenMs: number): boolean {
  const { state, lastAt } = known;
  const calls = state.calls.length - remembered.calls.length;
  const seen = state.seen.length - remembered.seen.length;
  // What an earlier program wrote lacks the fields that came later.
  if (calls === 0 && seen === 0) return isSame({ ...UNKNOWN_CUSTOMER, ...remembered }, state);
  return (
    calls >= 0 &&
    seen >= 0 &&
    isSame(remembered.busyWith, state.busyWith) &&
    isSame(remembered.calls, state.calls.slice(calls)) &&
    isSame(remembered.seen, state.seen.slice(seen)) &&
    state.calls.slice(0, calls).every((call) => lastAt - call > callsForgottenMs) &&
    state.seen.slice(0, seen).every(({ until }) => until <= lastAt)
  );
}

const isSame = (one: unknown, other: unknown): boolean => canonicalJson(one) === canonicalJson(other);

/**
 * Names of the fields that differ: the values may be personal. A field that the owner's record lacks came into
 * the program after it was written.
 */
function differing(expected: object, found: object): readonly string[] {
  const [ours, theirs] = [expected, found] as readonly Readonly<Record<string, unknown>>[];
  return Object.keys(found).filter((name) => !isSame(ours?.[name], theirs?.[name]));
}
