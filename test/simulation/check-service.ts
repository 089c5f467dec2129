/**
 * I8, service levels: no enhanced Request is overtaken by a basic one of its partition while its Customer's line is
 * free, and whoever waits gets a port that is free. Between partitions the order is approximate, by design.
 */
import { type CustomerState, foldCustomer, UNKNOWN_CUSTOMER } from "../../domain/customer/state.ts";
import type { Envelope } from "../../domain/kernel/envelope.ts";
import type { RequestId } from "../../domain/kernel/identifiers.ts";
import type { RequestEvent } from "../../domain/request/events.ts";
import { evolve, NO_REQUEST, type RequestState } from "../../domain/request/state.ts";
import type { RequestTerms } from "../../domain/request/terms.ts";
import { offerPauseMs } from "../../domain/schedule/offer-pause.ts";
import type { Evidence } from "./evidence.ts";
import { TRAVEL_MS_MAX } from "./log-world.ts";
import type { Kept } from "./sim-store.ts";
import type { Report } from "./violation.ts";

/** Basic Requests that may be offered before an enhanced one that waits beside them. */
const OVERTAKEN_MAX = 0;
/** A Request that could be offered waits no longer than this while a port is free (a few looks of its owner). */
const WAIT_MS_MAX = 15_000;

type Waiting = { readonly pauseMs: number; readyFrom: number; overtaken: number; freeSince: number | null };

type Partition = {
  readonly states: Map<RequestId, RequestState>;
  readonly customers: Map<string, CustomerState>;
  readonly waiting: Map<RequestId, Waiting>;
  /** Of the owner that has taken the partition and has not been seen at work yet; null: none. */
  arriving: number | null;
};

/** When a pause that was seen to begin at `at` is over: an offer written after that was decided after it too. */
const pauseEnds = (at: number, pauseMs: number): number => (pauseMs > 0 ? at + pauseMs + TRAVEL_MS_MAX : at);

function fold(partition: Partition, request: RequestId, event: RequestEvent, at: number): RequestState {
  const before = partition.states.get(request) ?? NO_REQUEST;
  const next = evolve(before, event);
  partition.states.set(request, next);
  if (next.phase === "queued" && before.phase !== "queued") {
    const pauseMs = offerPauseMs(next.refusals);
    partition.waiting.set(request, {
      pauseMs,
      readyFrom: pauseEnds(at, pauseMs),
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

/** A new owner counts the pause after a refusal from its own beginning: that is before the first thing it writes. */
function restartPauses(partition: Partition, beganAt: number): void {
  for (const waiting of partition.waiting.values()) {
    if (waiting.pauseMs > 0) waiting.readyFrom = pauseEnds(beganAt, waiting.pauseMs);
  }
}

function noteOwner(partition: Partition, { ownerEpoch }: Envelope, message: RequestEvent, at: number): void {
  if (message.type === "OwnershipTaken") {
    partition.arriving = message.epoch;
    restartPauses(partition, Number.POSITIVE_INFINITY);
  } else if (partition.arriving !== null && ownerEpoch === partition.arriving) {
    partition.arriving = null;
    restartPauses(partition, at);
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

type Reported = { readonly at: number; readonly free: number };

/** Ports that offers can take, by the newest report of each server, after each report. */
function freePortsOver(loads: readonly Kept<"load">[]): readonly Reported[] {
  const ports = new Map<string, number>();
  let free = 0;
  return loads.flatMap(({ message, at }) => {
    if (message === null) return [];
    const taken = message.inUseOutbound + message.inUseInbound + message.held + message.inboundReserve;
    const left = message.draining ? 0 : Math.max(0, message.ports - taken);
    free += left - (ports.get(message.server) ?? 0);
    ports.set(message.server, left);
    return [{ at, free }];
  });
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
export function checkService({ store }: Pick<Evidence, "store">, calmFrom: number, report: Report): void {
  const reports = freePortsOver(store.all("load"));
  for (let index = 0; index < store.partitionCount("events"); index += 1) {
    checkPartition(store.records("events", index), reports, calmFrom, report);
  }
}

function checkPartition(
  records: readonly Kept<"events">[],
  reports: readonly Reported[],
  calmFrom: number,
  report: Report,
): void {
  const partition: Partition = {
    states: new Map(),
    customers: new Map(),
    waiting: new Map(),
    arriving: null,
  };
  let reportsSeen = 0;
  let free = 0;
  let from = calmFrom;
  const lookAt = (at: number): void => {
    if (at <= from) return;
    noteWaits(partition, from, at, free > 0, report);
    from = at;
  };
  for (const record of records) {
    for (let next = reports[reportsSeen]; next !== undefined && next.at < record.at; ) {
      lookAt(next.at);
      free = next.free;
      reportsSeen += 1;
      next = reports[reportsSeen];
    }
    lookAt(record.at);
    if (record.message !== null) takeEvent(partition, record, record.message, report);
  }
}

function takeEvent(
  partition: Partition,
  { envelope, at }: Kept<"events">,
  message: RequestEvent,
  report: Report,
): void {
  noteOwner(partition, envelope, message, at);
  if (message.type === "InboundStarted" || message.type === "InboundEnded") {
    const known = partition.customers.get(message.customer) ?? UNKNOWN_CUSTOMER;
    partition.customers.set(message.customer, foldCustomer(known, message, null));
    return;
  }
  const { subject, sequence } = envelope;
  if (subject === null || sequence === null) return;
  const next = fold(partition, subject as RequestId, message, at);
  if (message.type !== "Dispatched") return;
  const terms = termsOf(next);
  if (terms !== null) noteOvertaking(partition, terms, at, report);
}
