/**
 * I8, service levels: no enhanced Request is overtaken by a basic one of its partition while its Customer's line is
 * free, and whoever waits gets a port that is free. Between partitions the order is approximate, by design.
 */
import { type CustomerState, foldCustomer, UNKNOWN_CUSTOMER } from "../../domain/customer/state.ts";
import type { RequestId } from "../../domain/kernel/identifiers.ts";
import type { RequestEvent } from "../../domain/request/events.ts";
import { evolve, NO_REQUEST, type RequestState } from "../../domain/request/state.ts";
import type { RequestTerms } from "../../domain/request/terms.ts";
import { offerPauseMs } from "../../domain/schedule/offer-pause.ts";
import type { Evidence } from "./evidence.ts";
import type { Kept } from "./sim-store.ts";
import type { Report } from "./violation.ts";

/** Basic Requests that may be offered before an enhanced one that waits beside them. */
const OVERTAKEN_MAX = 0;
/** A Request that could be offered waits no longer than this while a port is free (a few looks of its owner). */
const WAIT_MS_MAX = 15_000;

type Waiting = { readonly pauses: boolean; readyFrom: number; overtaken: number; freeSince: number | null };

type Partition = {
  readonly states: Map<RequestId, RequestState>;
  readonly customers: Map<string, CustomerState>;
  readonly waiting: Map<RequestId, Waiting>;
};

/** After its pause, and a look of its owner. */
const LOOK_MS = 1_100;

function fold(partition: Partition, request: RequestId, event: RequestEvent, at: number): RequestState {
  const before = partition.states.get(request) ?? NO_REQUEST;
  const next = evolve(before, event);
  partition.states.set(request, next);
  if (next.phase === "queued" && before.phase !== "queued") {
    const pause = next.refusals > 0 ? offerPauseMs(next.refusals) + LOOK_MS : 0;
    partition.waiting.set(request, {
      pauses: pause > 0,
      readyFrom: at + pause,
      overtaken: 0,
      freeSince: null,
    });
  }
  if (next.phase !== "queued") partition.waiting.delete(request);
  const terms = termsOf(next);
  if (terms !== null) {
    const known = partition.customers.get(terms.customer) ?? UNKNOWN_CUSTOMER;
    partition.customers.set(terms.customer, foldCustomer(known, event, request));
  }
  return next;
}

/** A new owner counts the pause after a refusal from its own beginning, which the log does not tell. */
function restartPauses(partition: Partition): void {
  for (const waiting of partition.waiting.values()) {
    if (waiting.pauses) waiting.readyFrom = Number.POSITIVE_INFINITY;
  }
}

function termsOf(state: RequestState | undefined): RequestTerms | null {
  return state === undefined || state.phase === "none" ? null : state.terms;
}

function isEligible(partition: Partition, request: RequestId, at: number): boolean {
  if ((partition.waiting.get(request)?.readyFrom ?? 0) > at) return false;
  const terms = termsOf(partition.states.get(request));
  if (terms === null) return false;
  return (partition.customers.get(terms.customer) ?? UNKNOWN_CUSTOMER).busyWith.length === 0;
}

function noteOvertaking(partition: Partition, offered: RequestTerms, at: number, report: Report): void {
  if (offered.serviceLevel === "enhanced") return;
  for (const [request, waiting] of partition.waiting) {
    if (termsOf(partition.states.get(request))?.serviceLevel !== "enhanced") continue;
    if (!isEligible(partition, request, at)) continue;
    waiting.overtaken += 1;
    if (waiting.overtaken > OVERTAKEN_MAX) {
      report("I8", `${request} is enhanced and was overtaken by ${waiting.overtaken} basic Requests`);
    }
  }
}

/** Ports that offers can take, by the newest report of each server before `at`. */
function freePortsAt(loads: readonly Kept<"load">[], at: number): number {
  const free = new Map<string, number>();
  for (const { message, at: reportedAt } of loads) {
    if (reportedAt > at) break;
    if (message === null) continue;
    const taken = message.inUseOutbound + message.inUseInbound + message.held + message.inboundReserve;
    free.set(message.server, message.draining ? 0 : Math.max(0, message.ports - taken));
  }
  return [...free.values()].reduce((sum, ports) => sum + ports, 0);
}

/** How long each waiting Request has been waiting beside a free port; only time in which nothing fails counts. */
function noteWaits(partition: Partition, from: number, at: number, free: boolean, report: Report): void {
  for (const [request, waiting] of partition.waiting) {
    if (!free || !isEligible(partition, request, from)) {
      waiting.freeSince = null;
      continue;
    }
    waiting.freeSince ??= from;
    if (at - waiting.freeSince <= WAIT_MS_MAX) continue;
    report("I8", `${request} waited ${at - waiting.freeSince} ms beside a free port`);
    waiting.freeSince = at;
  }
}

/** `calmFrom`: when the last fault has passed; waiting before it proves nothing. */
export function checkService({ store }: Evidence, calmFrom: number, report: Report): void {
  const loads = store.all("load");
  for (let index = 0; index < store.partitionCount("events"); index += 1) {
    const partition: Partition = { states: new Map(), customers: new Map(), waiting: new Map() };
    let before = 0;
    for (const record of store.records("events", index)) {
      const { message, at } = record;
      if (message === null) continue;
      if (partition.waiting.size > 0 && at > calmFrom) {
        const from = Math.max(before, calmFrom);
        noteWaits(partition, from, at, freePortsAt(loads, from) > 0, report);
      }
      before = at;
      takeEvent(partition, record, message, report);
    }
  }
}

function takeEvent(
  partition: Partition,
  { envelope: { subject, sequence }, at }: Kept<"events">,
  message: RequestEvent,
  report: Report,
): void {
  if (message.type === "InboundStarted" || message.type === "InboundEnded") {
    const known = partition.customers.get(message.customer) ?? UNKNOWN_CUSTOMER;
    partition.customers.set(message.customer, foldCustomer(known, message, null));
    return;
  }
  if (message.type === "OwnershipTaken") return restartPauses(partition);
  if (subject === null || sequence === null) return;
  const next = fold(partition, subject as RequestId, message, at);
  if (message.type !== "Dispatched") return;
  const terms = termsOf(next);
  if (terms !== null) noteOvertaking(partition, terms, at, report);
}
