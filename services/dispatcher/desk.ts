/**
 * The dispatcher's desk for one partition: everything open in memory, records in, outputs out. It is the owner's
 * whole decision loop without any waiting in it, so the same code runs under a real log and under the
 * simulator's. Nothing here is true until `takeOutputs` has been committed; on any doubt the desk is thrown
 * away and another one restored.
 *
 * Kafka is the ledger, not the work queue: what waits (for its time, for a free port, for its Customer's line)
 * waits in the heaps of this desk.
 */
import {
  type CustomerState,
  foldCustomer,
  isForgettable,
  seenBefore,
  UNKNOWN_CUSTOMER,
} from "../../domain/customer/state.ts";
import { chooseServer } from "../../domain/dispatch/choose-server.ts";
import type { Decision } from "../../domain/kernel/decision.ts";
import {
  type CustomerKey,
  parseRequestId,
  type RequestId,
  type ServerId,
  type Slot,
} from "../../domain/kernel/identifiers.ts";
import { type Instant, latest } from "../../domain/kernel/time.ts";
import type { Delivered, Entry, Outputs } from "../../domain/ports/event-log.ts";
import type {
  CancelRequest,
  InboundReported,
  InputMessage,
  SubmitRequest,
} from "../../domain/request/commands.ts";
import {
  callReported,
  callSilent,
  cancel,
  type DispatchLimits,
  dispatch,
  expire,
  fallDue,
  offerAnswered,
  offerExpired,
  serverGone,
  silenceAt,
  submit,
} from "../../domain/request/decide.ts";
import type { RequestEvent } from "../../domain/request/events.ts";
import { type CallingPhase, evolve, NO_REQUEST, type RequestState } from "../../domain/request/state.ts";
import { createReadyQueue } from "../../domain/schedule/ready-queue.ts";
import { createTimerHeap } from "../../domain/schedule/timer-heap.ts";
import {
  promise,
  serverViews,
  silentServers,
  type TelephonyLoad,
  unpromise,
} from "../../projections/telephony-load.ts";
import { createJudge, type JudgePorts } from "./judge.ts";
import { type OfferContext, offersFor } from "./offer-outbox.ts";

export type DeskOptions = {
  readonly partition: number;
  readonly epoch: number;
  /** Written as `source` of every record, e.g. "dispatcher". */
  readonly source: string;
  readonly offerTtlMs: DispatchLimits["offerTtlMs"];
  /** A server silent for longer is declared gone. */
  readonly serverSilentMs: number;
  /** How long a finished Request is remembered, so that late facts are told from unknown ones. */
  readonly rememberOverMs: number;
};

export type DeskPorts = JudgePorts & {
  readonly load: TelephonyLoad;
  readonly draw: () => number;
  readonly ulid: () => string;
  /**
   * A wall clock that never steps while this process lives. All waiting for somebody's silence goes by it: a step
   * of the clock must not make a call lost or a server gone.
   */
  readonly steadyNow: () => Instant;
};

/**
 * A desk that did not look for this long was stopped itself (paused, starved): what it has not heard meanwhile
 * says nothing about the servers.
 */
const LOOKING_GAP_MS = 3_000;

/** Offers made in one pump at most: bounds a transaction. */
const DISPATCHES_PER_PUMP_MAX = 500;

type OpenRequest = { state: RequestState; seq: number };

/** The record or timer that an event follows from. */
type Cause = { readonly id: string | null; readonly offset: number | null };

const BY_TIMER: Cause = { id: null, offset: null };

export type Desk = {
  restoreState(record: Delivered<"state">): void;
  restoreEvent(record: Delivered<"events">): void;
  /** Offset of the newest input that has been handled, here or by an earlier owner; null: none. */
  handledUpTo(): number | null;
  /** Call once after the restore: rebuilds queues and timers. */
  open(now: Instant): void;
  take(record: Delivered<"requests">, now: Instant): void;
  /** Everything that time, free ports and silent servers make possible now. */
  pump(now: Instant): void;
  /** What is to be committed, and forgotten here. Null when there is nothing. */
  takeOutputs(): Outputs | null;
  /** The outputs are in the log, the newest event at this offset. */
  committed(eventsUpTo: number | null): void;
  /** The offset in `events` up to which a restored desk knows everything; null: nothing is known. */
  eventsKnownUpTo(): number | null;
  /** When `pump` has something to do next, other than for a load report; null: never. */
  nextWakeAt(): Instant | null;
  /** Requests that wait for a port. */
  waiting(): number;
};

export function createDesk(options: DeskOptions, ports: DeskPorts): Desk {
  const requests = new Map<RequestId, OpenRequest>();
  const customers = new Map<CustomerKey, CustomerState>();
  const onServer = new Map<ServerId, Set<RequestId>>();
  /** Requests whose Customer's line is taken, until it is free. */
  const parked = new Map<CustomerKey, Set<RequestId>>();
  const ready = createReadyQueue();
  const timers = createTimerHeap<RequestId>();
  const judge = createJudge(ports);
  const touchedRequests = new Set<RequestId>();
  const touchedCustomers = new Set<CustomerKey>();
  // Slot i falls into partition i whatever the number of partitions: everything written here stays here.
  const ownSlot = options.partition as Slot;
  let events: Entry<"events">[] = [];
  let offers: Entry<"offers">[] = [];
  let inputTaken: number | null = null;
  /** Offset of the newest input that has been handled, here or by an earlier owner; -1: none. */
  let handledUpTo = -1;
  let eventsUpTo: number | null = null;
  /** By the steady clock: when this desk began to watch each call, and to listen to the servers. */
  const watchedSince = new Map<RequestId, Instant>();
  let listeningSince = ports.steadyNow();
  let lookedAt = listeningSince;
  /** Silent servers with calls of ours, and when a commit showed that it is not the log that is silent. */
  const suspects = new Map<ServerId, Instant | null>();
  let probing = false;

  const limits = (): DispatchLimits => ({
    offerTtlMs: options.offerTtlMs,
    offerRefusalsMax: judge.rules().offerRefusalsMax,
  });

  const customerState = (customer: CustomerKey): CustomerState => customers.get(customer) ?? UNKNOWN_CUSTOMER;

  /** Writes an event that belongs to no Request of ours. */
  function note(event: RequestEvent, key: string, cause: Cause, now: Instant): void {
    const id = ports.ulid();
    events.push({
      key,
      slot: ownSlot,
      message: event,
      envelope: {
        id,
        source: options.source,
        subject: null,
        time: now,
        sequence: null,
        correlationId: cause.id ?? id,
        causationId: cause.id,
        causeOffset: cause.offset,
        ownerEpoch: options.epoch,
      },
    });
  }

  function moveOnServer(request: RequestId, before: RequestState, next: RequestState): void {
    const was = before.phase === "offered" || before.phase === "calling" ? before.server : null;
    const is = next.phase === "offered" || next.phase === "calling" ? next.server : null;
    if (was === is) return;
    if (was !== null) onServer.get(was)?.delete(request);
    if (is === null) return;
    const there = onServer.get(is) ?? new Set();
    onServer.set(is, there.add(request));
  }

  /** When time alone will change this Request; null: never. */
  function wakeOf(state: RequestState): Instant | null {
    switch (state.phase) {
      case "scheduled":
        return Math.min(state.dueAt, state.terms.notAfter) as Instant;
      case "queued":
        return state.terms.notAfter;
      case "offered":
        return state.expiresAt;
      case "calling":
        return silenceAt(state);
      case "over":
        return (state.overAt + options.rememberOverMs) as Instant;
      default:
        return null;
    }
  }

  function unpark(customer: CustomerKey): void {
    const waiting = parked.get(customer);
    if (waiting === undefined || customerState(customer).busyWith.length > 0) return;
    parked.delete(customer);
    for (const request of waiting) enqueue(request);
  }

  function enqueue(request: RequestId): void {
    const state = requests.get(request)?.state;
    if (state?.phase !== "queued") return;
    ready.push({ request, priority: state.priority, since: state.receivedAt });
  }

  function arm(request: RequestId, state: RequestState): void {
    if (state.phase !== "calling") watchedSince.delete(request);
    else if (!watchedSince.has(request)) watchedSince.set(request, ports.steadyNow());
    const at = wakeOf(state);
    if (at !== null) timers.push(at, request);
    if (state.phase === "queued") enqueue(request);
  }

  /** Folds an event of ours and writes it down with all that follows for timers, queues and servers. */
  function apply(request: RequestId, event: RequestEvent, cause: Cause, now: Instant): void {
    const open = requests.get(request) ?? { state: NO_REQUEST, seq: 0 };
    const before = open.state;
    const next = evolve(before, event);
    const seq = open.seq + 1;
    requests.set(request, { state: next, seq });
    touchedRequests.add(request);
    if (before.phase === "none" && next.phase === "none") requests.delete(request);
    const customer = "terms" in next ? next.terms.customer : null;
    if (customer !== null) {
      customers.set(customer, foldCustomer(customerState(customer), event, request));
      touchedCustomers.add(customer);
    }
    moveOnServer(request, before, next);
    // Accepted: the server holds the port by now, and its own reports say so.
    if (event.type === "DispatchRejected" || event.type === "Accepted") {
      unpromise(ports.load, event.server, event.offer);
    }
    const id = ports.ulid();
    const envelope = {
      id,
      source: options.source,
      subject: request,
      time: now,
      sequence: seq,
      correlationId: request,
      causationId: cause.id,
      causeOffset: cause.offset,
      ownerEpoch: options.epoch,
    };
    events.push({ key: customer ?? request, slot: ownSlot, message: event, envelope });
    const context: OfferContext = {
      request,
      partition: options.partition,
      epoch: options.epoch,
      now,
      envelope: { ...envelope, id: ports.ulid(), causationId: id, sequence: null },
    };
    offers.push(...offersFor(event, before, next, context));
    if (next !== before) arm(request, next);
    if (customer !== null) unpark(customer);
  }

  function applyAll(request: RequestId, decided: readonly RequestEvent[], cause: Cause, now: Instant): void {
    for (const event of decided) apply(request, event, cause, now);
  }

  /** Applies a yes; a no is kept as `FactIgnored` where a record asked for it. */
  function settle(
    request: RequestId,
    decision: Decision<RequestEvent, string>,
    asked: { readonly fact: string; readonly cause: Cause },
    now: Instant,
  ): void {
    if (decision.ok) {
      applyAll(request, decision.events, asked.cause, now);
      return;
    }
    ignore(request, asked.fact, decision.reason, asked.cause, now);
  }

  function ignore(request: RequestId, fact: string, reason: string, cause: Cause, now: Instant): void {
    const event: RequestEvent = { type: "FactIgnored", at: now, fact, reason };
    if (requests.has(request)) apply(request, event, cause, now);
    else note(event, request, cause, now);
  }

  function takeSubmit(command: SubmitRequest, cause: Cause, now: Instant): void {
    const customer = customerState(command.terms.customer);
    const earlier = seenBefore(customer, command.messageDigest, now);
    if (earlier !== null) {
      ignore(earlier, command.type, earlier === command.requestId ? "duplicate" : "replayed", cause, now);
      return;
    }
    const state = requests.get(command.requestId)?.state ?? NO_REQUEST;
    const judgement = judge.judge(command.terms, customer, null, now);
    settle(command.requestId, submit(state, command, judgement, now), { fact: command.type, cause }, now);
  }

  function takeCancel(command: CancelRequest, cause: Cause, now: Instant): void {
    const state = requests.get(command.requestId)?.state ?? NO_REQUEST;
    settle(command.requestId, cancel(state, command.sender, now), { fact: command.type, cause }, now);
  }

  function takeMessage(message: InputMessage, cause: Cause, now: Instant): void {
    switch (message.type) {
      case "SubmitRequest":
        return takeSubmit(message, cause, now);
      case "CancelRequest":
        return takeCancel(message, cause, now);
      case "OfferAccepted":
      case "OfferRejected": {
        const state = requests.get(message.requestId)?.state ?? NO_REQUEST;
        const judgement =
          state.phase === "offered" && message.type === "OfferAccepted"
            ? judge.judge(state.terms, customerState(state.terms.customer), state.offer, now)
            : null;
        const decided = offerAnswered(state, message, judgement, limits(), now);
        return keep(message.requestId, decided, cause, now);
      }
      case "CallReported": {
        const state = requests.get(message.requestId)?.state ?? NO_REQUEST;
        return keep(message.requestId, callReported(state, message, now), cause, now);
      }
      case "InboundStarted":
      case "InboundEnded":
        foldInbound(message);
        note(message, message.customer, cause, now);
        return unpark(message.customer);
      case "IntakeRefused":
        return note(message, "gate", cause, now);
      default:
        return message satisfies never;
    }
  }

  function foldInbound(message: InboundReported): void {
    customers.set(message.customer, foldCustomer(customerState(message.customer), message, null));
    touchedCustomers.add(message.customer);
  }

  /** Events for a Request that may be unknown here: those can only be ignored facts. */
  function keep(request: RequestId, decided: readonly RequestEvent[], cause: Cause, now: Instant): void {
    for (const event of decided) {
      if (requests.has(request)) apply(request, event, cause, now);
      else note(event, request, cause, now);
    }
  }

  function onTime(request: RequestId, now: Instant): void {
    const state = requests.get(request)?.state ?? NO_REQUEST;
    const at = wakeOf(state);
    // A timer outlives the phase that set it: only the present phase says whether it is time.
    if (at === null || at > now) return;
    const decided = timeDecision(request, state, now);
    if (decided?.ok) applyAll(request, decided.events, BY_TIMER, now);
    if (state.phase === "over") {
      requests.delete(request);
      touchedRequests.add(request);
      forgetCustomer(state.terms.customer, now);
    }
  }

  function timeDecision(
    request: RequestId,
    state: RequestState,
    now: Instant,
  ): Decision<RequestEvent, string> | null {
    switch (state.phase) {
      case "scheduled": {
        if (state.terms.notAfter <= now) return expire(state, now);
        const judgement = judge.judge(state.terms, customerState(state.terms.customer), null, now);
        return fallDue(state, judgement, now);
      }
      case "queued":
        return expire(state, now);
      case "offered":
        return offerExpired(state, state.offer, limits(), now);
      case "calling":
        return silence(request, state, now);
      default:
        return null;
    }
  }

  /**
   * The instants of the log come from other machines' clocks, so this desk counts for itself: a call is silent
   * when it has been watched here for as long as any call can last.
   */
  function silence(
    request: RequestId,
    state: CallingPhase,
    now: Instant,
  ): Decision<RequestEvent, string> | null {
    const since = watchedSince.get(request) ?? ports.steadyNow();
    const left = silenceAt({ ...state, grantedAt: since }) - ports.steadyNow();
    if (left <= 0) return callSilent(state, latest(now, silenceAt(state)));
    timers.push((now + left) as Instant, request);
    return null;
  }

  function forgetCustomer(customer: CustomerKey, now: Instant): void {
    const state = customers.get(customer);
    if (state === undefined || !isForgettable(state, now, judge.rules().volumePeriodMs)) return;
    customers.delete(customer);
    touchedCustomers.add(customer);
  }

  /**
   * Servers that are silent though the log is not: silence is evidence only while somebody could have been heard.
   * So a suspicion is first answered by a commit, and what still is not heard a while after it is gone.
   */
  function goneServers(): readonly ServerId[] {
    const steady = ports.steadyNow();
    if (steady - lookedAt > LOOKING_GAP_MS) listeningSince = steady;
    lookedAt = steady;
    if (steady - listeningSince <= options.serverSilentMs) suspects.clear();
    else suspect(silentServers(ports.load, steady, options.serverSilentMs));
    const waitMs = options.serverSilentMs / 2;
    return [...suspects].filter(([, at]) => at !== null && steady - at >= waitMs).map(([server]) => server);
  }

  function suspect(silent: readonly ServerId[]): void {
    for (const server of suspects.keys()) {
      if (!silent.includes(server) || !holdsCalls(server)) suspects.delete(server);
    }
    for (const server of silent) {
      if (suspects.has(server) || !holdsCalls(server)) continue;
      suspects.set(server, null);
      probing = true;
    }
  }

  const holdsCalls = (server: ServerId): boolean => (onServer.get(server)?.size ?? 0) > 0;

  function loseSilentServers(now: Instant): void {
    for (const server of goneServers()) {
      // A copy: each lost call leaves the set while we walk it.
      for (const request of Array.from(onServer.get(server) ?? [])) {
        const open = requests.get(request);
        if (open === undefined) continue;
        const decided = serverGone(open.state, server, limits(), now);
        if (decided.ok) applyAll(request, decided.events, BY_TIMER, now);
      }
    }
  }

  /** Offers the best waiting Request to a drawn server; false when nothing more can be offered now. */
  function dispatchNext(now: Instant): boolean {
    if (ready.size() === 0) return false;
    const server = chooseServer(serverViews(ports.load), ports.draw(), ports.steadyNow());
    if (server === null) return false;
    const request = ready.pop();
    const state = request === null ? undefined : requests.get(request)?.state;
    if (request === null || state?.phase !== "queued") return true;
    const { customer } = state.terms;
    if (customerState(customer).busyWith.length > 0) {
      parked.set(customer, (parked.get(customer) ?? new Set()).add(request));
      return true;
    }
    const judgement = judge.judge(state.terms, customerState(customer), null, now);
    const decided = dispatch(state, { server, requestId: request }, judgement, limits(), now);
    if (!decided.ok) return true;
    applyAll(request, decided.events, BY_TIMER, now);
    const next = requests.get(request)?.state;
    if (next?.phase === "offered") promise(ports.load, server, next.offer, now);
    return true;
  }

  function stateEntry(key: string, message: Entry<"state">["message"]): Entry<"state"> {
    const id = ports.ulid();
    return {
      key,
      slot: ownSlot,
      message,
      envelope: {
        id,
        source: options.source,
        subject: parseRequestId(key),
        time: 0 as Instant,
        sequence: null,
        correlationId: key,
        causationId: null,
        // Cumulative: a restore learns from it what was handled, even where every snapshot is gone.
        causeOffset: handledUpTo < 0 ? null : handledUpTo,
        ownerEpoch: options.epoch,
      },
    };
  }

  function changelog(): Entry<"state">[] {
    const entries: Entry<"state">[] = [];
    for (const request of touchedRequests) {
      const open = requests.get(request);
      const message =
        open === undefined
          ? null
          : ({
              type: "RequestState",
              seq: open.seq,
              handledUpTo: inputTaken,
              snapshot: JSON.stringify(open.state),
            } as const);
      entries.push(stateEntry(request, message));
    }
    for (const customer of touchedCustomers) {
      const state = customers.get(customer);
      const message =
        state === undefined
          ? null
          : ({ type: "CustomerState", handledUpTo: inputTaken, snapshot: JSON.stringify(state) } as const);
      entries.push(stateEntry(customer, message));
    }
    // Written by a probe too, which has nothing else to say.
    if (eventsUpTo !== null) entries.push(stateEntry("checkpoint", { type: "Checkpoint", eventsUpTo }));
    return entries;
  }

  function remember(offset: number | null): void {
    if (offset !== null) handledUpTo = Math.max(handledUpTo, offset);
  }

  return {
    restoreState(record) {
      if (record.ok) remember(record.envelope.causeOffset);
      if (!record.ok || record.message === null) {
        requests.delete(record.key as RequestId);
        customers.delete(record.key as CustomerKey);
        return;
      }
      const { message } = record;
      if (message.type === "OwnershipTaken") return;
      if (message.type === "Checkpoint") {
        eventsUpTo = message.eventsUpTo;
        return;
      }
      remember(message.handledUpTo);
      if (message.type === "CustomerState") {
        customers.set(record.key as CustomerKey, JSON.parse(message.snapshot) as CustomerState);
        return;
      }
      const request = parseRequestId(record.key);
      if (request === null) return;
      requests.set(request, { state: JSON.parse(message.snapshot) as RequestState, seq: message.seq });
    },
    restoreEvent(record) {
      if (!record.ok || record.message === null) return;
      const request = parseRequestId(record.envelope.subject ?? "");
      const seq = record.envelope.sequence;
      remember(record.envelope.causeOffset);
      if (record.message.type === "InboundStarted" || record.message.type === "InboundEnded") {
        foldInbound(record.message);
      }
      if (request === null || seq === null) return;
      const open = requests.get(request) ?? { state: NO_REQUEST, seq: 0 };
      // A lower number is a duplicate of what the snapshot knows; a gap means records were lost, and the
      // Request is left where it was for an operator to look at.
      if (seq !== open.seq + 1) return;
      const state = evolve(open.state, record.message);
      requests.set(request, { state, seq });
      touchedRequests.add(request);
      const customer = "terms" in state ? state.terms.customer : null;
      if (customer === null) return;
      customers.set(customer, foldCustomer(customerState(customer), record.message, request));
      touchedCustomers.add(customer);
    },
    handledUpTo: () => (handledUpTo < 0 ? null : handledUpTo),
    open(now) {
      listeningSince = ports.steadyNow();
      lookedAt = listeningSince;
      for (const [request, { state }] of requests) {
        moveOnServer(request, NO_REQUEST, state);
        arm(request, state);
        if (state.phase !== "offered") continue;
        promise(ports.load, state.server, state.offer, latest(now, state.offeredAt));
      }
    },
    take(record_, now) {
      inputTaken = Math.max(inputTaken ?? -1, record_.offset);
      // Given again, after a restore or by a careless log: what followed from it is in `events` already.
      if (record_.offset <= handledUpTo) return;
      handledUpTo = record_.offset;
      if (!record_.ok) {
        const { topic, partition, offset, reason } = record_;
        const cause = { id: null, offset };
        note(
          { type: "RecordQuarantined", at: now, topic, partition, offset, reason },
          "quarantine",
          cause,
          now,
        );
        return;
      }
      const cause = { id: record_.envelope.id, offset: record_.offset };
      if (record_.message !== null) takeMessage(record_.message, cause, now);
    },
    pump(now) {
      for (let due = timers.popDue(now); due !== null; due = timers.popDue(now)) onTime(due, now);
      loseSilentServers(now);
      for (let made = 0; made < DISPATCHES_PER_PUMP_MAX; made += 1) if (!dispatchNext(now)) break;
    },
    takeOutputs() {
      const touched = touchedRequests.size + touchedCustomers.size;
      if (events.length === 0 && touched === 0 && inputTaken === null && !probing) return null;
      const outputs: Outputs = { events, state: changelog(), offers, handledUpTo: inputTaken };
      events = [];
      offers = [];
      inputTaken = null;
      probing = false;
      touchedRequests.clear();
      touchedCustomers.clear();
      return outputs;
    },
    committed(newest) {
      eventsUpTo = newest;
      for (const [server, at] of suspects) if (at === null) suspects.set(server, ports.steadyNow());
    },
    eventsKnownUpTo: () => eventsUpTo,
    nextWakeAt: () => timers.next(),
    waiting: () => ready.size(),
  };
}
