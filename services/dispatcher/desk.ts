/**
 * The dispatcher's desk for one partition: everything open in memory, records in, outputs out. It is the owner's
 * whole decision loop without any waiting in it, so the same code runs under a real log and under the
 * simulator's. Nothing here is true until `takeOutputs` has been committed; on any doubt the desk is thrown
 * away and another one restored.
 *
 * Kafka is the ledger, not the work queue: what waits (for its time, for a free port, for its Customer's line)
 * waits here. Each idea has its file: `book` what is known, `pen` and `ledger` what is written, `inputs` what
 * follows from a record, `timekeeper` and `due` what follows from time, `offering` who is offered where,
 * `server-watch` who is gone.
 */

import { type CustomerState, UNKNOWN_CUSTOMER } from "../../domain/customer/state.ts";
import { dispatchLimitsOf, roomLimitsOf } from "../../domain/dispatch/dispatch-limits.ts";
import type { CustomerKey, RequestId } from "../../domain/kernel/identifiers.ts";
import type { Sealed } from "../../domain/kernel/sealed.ts";
import { after, earliest, type Instant } from "../../domain/kernel/time.ts";
import type { Delivered, Outputs } from "../../domain/ports/event-log.ts";
import type { OperatorLog } from "../../domain/ports/operator-log.ts";
import type { InputMessage, OfferAnswer } from "../../domain/request/commands.ts";
import type { DispatchLimits } from "../../domain/request/decide.ts";
import type { RequestEvent } from "../../domain/request/events.ts";
import { foreignField, type OwnHouse } from "../../domain/request/foreign-input.ts";
import { NO_REQUEST, type RequestState } from "../../domain/request/state.ts";
import { offerPauseMs } from "../../domain/schedule/offer-pause.ts";
import {
  promise,
  promiseHeld,
  refused,
  type TelephonyLoad,
  unpromise,
} from "../../projections/telephony-load.ts";
import { createBook, type Folded } from "./book.ts";
import { takeChangelog } from "./changelog.ts";
import { createDamage } from "./damage.ts";
import { handleDue } from "./due.ts";
import { createForgetting } from "./forgetting.ts";
import { createHoldKeeper } from "./hold.ts";
import { createInputTaker } from "./inputs.ts";
import { createJudge, type JudgePorts } from "./judge.ts";
import { createLedger } from "./ledger.ts";
import { loseHeld } from "./losing.ts";
import { createOffering } from "./offering.ts";
import { createPen } from "./pen.ts";
import { createRecentCauses } from "./recent-causes.ts";
import { createRestoring } from "./restoring.ts";
import { createServerWatch } from "./server-watch.ts";
import { createTimekeeper } from "./timekeeper.ts";
import { createWaitingLine } from "./waiting-line.ts";

export type DeskOptions = {
  readonly partition: number;
  /** Of `requests`: which Customers are this one's. */
  readonly partitions: number;
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
  readonly operatorLog: OperatorLog;
  /**
   * A wall clock that never steps while this process lives. All waiting for somebody's silence goes by it: a step
   * of the clock must not make a call lost or a server gone.
   */
  readonly steadyNow: () => Instant;
};

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
  nextWakeAt(now: Instant): Instant | null;
  figures(): DeskFigures;
  /** Of every Request that may be judged again. */
  numbers(): Iterable<Sealed>;
};

/** What a health page says of one partition. */
export type DeskFigures = {
  /** Requests that wait for a port. */
  readonly waiting: number;
  /** Records that nobody could read, since this owner took the partition. */
  readonly quarantined: number;
  /** Requests found with events missing, since this owner took the partition. */
  readonly setAside: number;
};

export function createDesk(options: DeskOptions, ports: DeskPorts): Desk {
  const { load, steadyNow } = ports;
  const judge = createJudge(ports);
  const book = createBook();
  const causes = createRecentCauses();
  const ledger = createLedger(options, { ulid: ports.ulid, roomLimits: () => roomLimitsOf(judge.rules()) });
  const line = createWaitingLine(book.stateOf);
  const times = createTimekeeper({ rememberOverMs: options.rememberOverMs, limits, steadyNow });
  const forgetting = createForgetting(book, () => judge.rules().volumePeriodMs);
  const servers = createServerWatch(load, options.serverSilentMs, steadyNow);
  const pen = createPen(book, ledger, { onWritten, onCaller });
  const takeInput = createInputTaker({ book, pen, judge, limits, onAnswer });
  const offering = createOffering({ book, pen, judge, line, limits, ...ports });
  const hold = createHoldKeeper({ directory: ports.directory, book, pen });
  const damage = createDamage({ ...ports, partition: options.partition, book, pen });
  const memory = createRestoring({ book, causes });
  const house: OwnHouse = {
    isOwn: (slot) => slot % options.partitions === options.partition,
    isZone: (name) => ports.zones.isZone(name),
  };
  /** Newest input since the last commit. */
  let inputTaken: number | null = null;
  let eventsUpTo: number | null = null;
  let lineWaitSeen = judge.rules().lineWaitMs;

  function limits(state: RequestState): DispatchLimits {
    const level = "terms" in state ? state.terms.serviceLevel : "basic";
    return dispatchLimitsOf(judge.rules(), level, options.offerTtlMs);
  }

  /** Timers, servers and the line follow what was written. */
  function onWritten(request: RequestId, event: RequestEvent, folded: Folded, now: Instant): void {
    const { before, next, customer } = folded;
    servers.moved(request, before, next);
    // Accepted: the server holds the port until its own reports say so.
    if (before.phase === "offered" && next.phase !== "offered" && event.type !== "Accepted") {
      unpromise(load, before.server, before.offer);
    }
    if (next !== before) settle(request, next);
    if (customer !== null) onLineChanged(customer, now);
  }

  function onCaller(customer: CustomerKey, before: CustomerState, now: Instant): void {
    servers.called(customer, before, book.customer(customer));
    onLineChanged(customer, now);
  }

  function onLineChanged(customer: CustomerKey, now: Instant): void {
    if (book.customer(customer).busyWith.length === 0) line.unpark(customer);
    forgetting.watch(customer, now);
  }

  function onAnswer(answer: OfferAnswer): void {
    const { server, offer, at } = answer;
    if (answer.type === "OfferRejected") return refused(load, server, answer.reason, steadyNow());
    promiseHeld(load, { server, offer, heldAt: at }, steadyNow());
  }

  function settle(request: RequestId, state: RequestState): void {
    times.arm(request, state);
    if (state.phase === "queued" && offerPauseMs(state.refusals) === 0) line.enqueue(request);
  }

  /** The rules can change while Requests wait: their alarms follow. */
  function followRules(): void {
    const { lineWaitMs } = judge.rules();
    if (lineWaitMs === lineWaitSeen) return;
    lineWaitSeen = lineWaitMs;
    for (const [request, { state }] of book.requests()) {
      if (state.phase === "queued") times.arm(request, state);
    }
  }

  function takeReadable(record: Delivered<"requests"> & { readonly ok: true }, now: Instant): void {
    const { envelope, message, key } = record;
    const foreign = message === null ? null : foreignField(message, house);
    if (foreign !== null) {
      return damage.quarantine(record, `no ${message?.type} of this partition: ${foreign}`, now);
    }
    const cause = { id: envelope.id, offset: record.offset };
    const isAgain = causes.has(envelope.id);
    if (message === null || isAgain) {
      const event = {
        type: "FactIgnored",
        at: now,
        fact: message?.type ?? "tombstone",
        reason: isAgain ? "duplicate" : "empty",
      } as const;
      return pen.note(event, key, cause, now);
    }
    if (isKnownById(message)) causes.add(envelope.id);
    if (!hold.takes(message, cause, now)) takeInput(message, cause, now);
  }

  return {
    restoreState: (record) => memory.restoreState(record),
    restoreEvent: (record) => memory.restoreEvent(record),
    handledUpTo: () => (memory.handledUpTo() < 0 ? null : memory.handledUpTo()),
    open(now) {
      eventsUpTo = memory.eventsKnownUpTo();
      damage.tellUnreadable(memory.unreadable());
      servers.listen();
      damage.setGapsAside(now);
      for (const [customer, state] of book.customers()) {
        servers.called(customer, UNKNOWN_CUSTOMER, state);
        forgetting.watch(customer, now);
      }
      for (const [request, { state }] of book.requests()) {
        servers.moved(request, NO_REQUEST, state);
        settle(request, state);
        if (state.phase !== "offered") continue;
        promise(load, state.server, state.offer, after(steadyNow(), options.offerTtlMs));
      }
    },
    take(record, now) {
      inputTaken = Math.max(inputTaken ?? -1, record.offset);
      // Given again, after a restore or by a careless log: what followed from it is in `events` already.
      if (record.offset <= memory.handledUpTo()) return;
      memory.handled(record.offset);
      if (record.ok) takeReadable(record, now);
      else damage.quarantine(record, record.reason, now);
    },
    pump(now) {
      followRules();
      hold.settle(now);
      for (const gone of servers.gone()) loseHeld({ book, pen, limits }, gone, now);
      if (!hold.isHeld()) {
        handleDue({ book, pen, judge, times, line, limits }, now);
        offering.offerAll(now);
      }
      forgetting.forgetDue(now);
    },
    takeOutputs() {
      if (ledger.isEmpty() && !book.hasTouched() && inputTaken === null && !servers.wantsProbe()) {
        return null;
      }
      const handledUpTo = memory.handledUpTo();
      const state = takeChangelog({ book, causes }, ledger, { inputTaken, handledUpTo, eventsUpTo });
      const outputs: Outputs = { ...ledger.take(), state, handledUpTo: inputTaken };
      inputTaken = null;
      servers.probed();
      return outputs;
    },
    committed(newest) {
      eventsUpTo = newest;
      servers.logHeard();
    },
    eventsKnownUpTo: () => memory.eventsKnownUpTo(),
    // While calls are held nothing is handled, so what is due must not wake the task again and again.
    nextWakeAt(now) {
      if (hold.isHeld()) return null;
      const [alarm, look] = [times.next(now), offering.lookAgainAt()];
      const lookAt = look === null ? null : ((now + look - steadyNow()) as Instant);
      return alarm === null || lookAt === null ? (alarm ?? lookAt) : earliest(alarm, lookAt);
    },
    *numbers() {
      for (const [, { state }] of book.requests()) {
        if (state.phase !== "over" && "terms" in state) yield state.terms.to;
      }
    },
    figures: () => ({ waiting: line.length(), ...damage.figures() }),
  };
}

/** Told again by its id alone: it has no digest and no number of its own. */
function isKnownById({ type }: InputMessage): boolean {
  return (
    type !== "SubmitRequest" &&
    type !== "OfferAccepted" &&
    type !== "OfferRejected" &&
    type !== "CallReported"
  );
}
