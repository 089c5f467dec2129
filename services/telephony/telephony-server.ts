/**
 * The telephony server role (102): takes or refuses what it is offered, calls when it is granted, answers who
 * calls in, and tells the log the truth about all of it.
 *
 * A call can only start from a hold in this memory plus a grant in the log. Holds die with the process, so after
 * a crash no old grant can ring anybody; the journal says which calls were lost, and the grants that find no
 * hold are answered as lost before they were placed.
 */
import { unownedEnvelope } from "../../domain/kernel/envelope.ts";
import type { CustomerKey, OfferId, RequestId, ServerId } from "../../domain/kernel/identifiers.ts";
import {
  parseCustomerKey,
  requestOfOffer,
  slotOfCustomer,
  slotOfName,
  slotOfRequest,
} from "../../domain/kernel/identifiers.ts";
import { after, type Instant, instant, type Milliseconds, milliseconds } from "../../domain/kernel/time.ts";
import type { CallJournal } from "../../domain/ports/call-journal.ts";
import type { Chance } from "../../domain/ports/chance.ts";
import type { Clock } from "../../domain/ports/clock.ts";
import type { DialogRunner, DialogStep } from "../../domain/ports/dialog-runner.ts";
import type { Durable } from "../../domain/ports/durable.ts";
import type { Delivered, Entry, EventLog, Subscription } from "../../domain/ports/event-log.ts";
import type { Keyring } from "../../domain/ports/keyring.ts";
import type { OperatorLog } from "../../domain/ports/operator-log.ts";
import type { CallProgress, IncomingAnswer, IncomingCall, Telephony } from "../../domain/ports/telephony.ts";
import type { InputMessage, OfferRejection } from "../../domain/request/commands.ts";
import { type AdmissionLimits, refusalOf } from "../../domain/server/admission.ts";
import type { LoadReported } from "../../domain/server/load.ts";
import type { Grant, HangUp, Offer, OfferMessage } from "../../domain/server/offers.ts";
import {
  countUse,
  createPortTable,
  expiredHolds,
  holdPort,
  type PortTable,
  portOfOffer,
  releasePort,
  seizeHeld,
  seizeInbound,
} from "../../domain/server/port-table.ts";
import type { CallLost, CallStep } from "../../domain/session/call-step.ts";
import { createFactOutbox } from "./fact-outbox.ts";
import { type JournalRecord, parseJournalRecord } from "./journal-record.ts";
import { type OutboundCall, type OutboundPorts, placeOutbound } from "./outbound-call.ts";

export type TelephonyServerOptions = {
  readonly server: ServerId;
  readonly ports: number;
  readonly inboundReserve: number;
  /** A held port without a grant is free again after this. */
  readonly holdMs: Milliseconds;
  readonly reportEveryMs: Milliseconds;
  readonly admission: AdmissionLimits;
  readonly localUri: string;
  /** What callers hear (I04). */
  readonly callerDocument:
    | { readonly kind: "url"; readonly url: string }
    | { readonly kind: "inline"; readonly text: string };
  readonly inboundSessionMsMax: Milliseconds;
};

export type TelephonyServerPorts = {
  readonly log: EventLog;
  readonly telephony: Telephony;
  readonly dialogs: DialogRunner;
  readonly journal: CallJournal;
  readonly keyring: Keyring;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly operatorLog: OperatorLog;
  /** For trials and the demo: each dialog step as it happens, with its Request; null for incoming calls. */
  readonly observe?: (request: RequestId | null, step: DialogStep) => void;
};

type InboundEnd = "customer" | "us" | "network";
type InboundHeld = {
  readonly inboundId: string;
  readonly customer: CustomerKey;
  readonly port: number;
  readonly startedAt: Instant;
};

export type TelephonyServer = {
  start(): Promise<void>;
  /** Takes nothing new; resolves when the last call has ended or `patience` is over. */
  drain(patience: Milliseconds): Promise<void>;
  stop(): Promise<void>;
  readonly ended: Promise<void>;
};

/** A "done" journal entry outlives every possible second delivery of its grant. */
const DONE_KEPT_MS = 600_000;
/** Changes of load within this time go out as one report. */
const REPORT_GATHER_MS = 20;
const STOP_PATIENCE_MS = 5_000;

export function createTelephonyServer(
  options: TelephonyServerOptions,
  deps: TelephonyServerPorts,
): TelephonyServer {
  const { log, telephony, dialogs, journal, keyring, clock, chance, operatorLog } = deps;
  const outbox = createFactOutbox({ log, clock, operatorLog });
  const calls = new Map<OfferId, OutboundCall>();
  const holders = new Map<OfferId, Offer>();
  /** By the steady clock. */
  const done = new Map<OfferId, Instant>();
  const cancelled = new Set<OfferId>();
  const epochs = new Map<number, number>();
  const inbound = new Map<string, () => void>();
  const startedAt = clock.now();
  const startedMonotonic = clock.monotonic();
  /** Never steps while this process lives: reports keep their order and holds their length, whatever the clock does. */
  const steadyNow = (): Instant => instant(startedAt + (clock.monotonic() - startedMonotonic));
  let table: PortTable = createPortTable(options.ports, options.inboundReserve);
  let draining = false;
  /** While the records of earlier runs go by. */
  let replaying = true;
  let stopped = false;
  let cancelReport: (() => void) | null = null;
  let cancelBeat: (() => void) | null = null;
  let subscription: Subscription | null = null;
  const { promise: ended, reject } = Promise.withResolvers<void>();
  ended.catch(() => undefined);

  function entry(
    message: InputMessage,
    key: string,
    about: { slot: Entry<"requests">["slot"]; subject: string | null; causationId: string | null },
  ): Entry<"requests"> {
    const id = chance.ulid();
    return {
      key,
      slot: about.slot,
      message,
      envelope: unownedEnvelope({
        id,
        source: `telephony/${options.server}`,
        subject: about.subject,
        time: clock.now(),
        causationId: about.causationId,
      }),
    };
  }

  function say(
    message: InputMessage,
    call: { requestId: RequestId; customer: CustomerKey },
    causationId: string | null,
  ): Promise<Durable> {
    const about = { slot: slotOfRequest(call.requestId), subject: call.requestId, causationId };
    return outbox.report(entry(message, call.customer, about));
  }

  // ---- load ----

  function loadReport(): LoadReported {
    return {
      type: "LoadReported",
      server: options.server,
      at: steadyNow(),
      startedAt,
      ports: table.capacity,
      inUseOutbound: countUse(table, "outbound"),
      inUseInbound: countUse(table, "inbound"),
      held: countUse(table, "held"),
      inboundReserve: table.inboundReserve,
      lastInboundAt: table.lastInboundAt,
      lastFullToFreeAt: table.lastFullToFreeAt,
      mediaLatenessMs: telephony.mediaLatenessMs(),
      glare: table.glare,
      draining: draining || outbox.isBacklogged(),
    };
  }

  function sendLoad(): void {
    cancelReport?.();
    cancelReport = null;
    const id = chance.ulid();
    const message = loadReport();
    const envelope = unownedEnvelope({
      id,
      source: `telephony/${options.server}`,
      subject: null,
      time: message.at,
      causationId: null,
    });
    // A report that does not get through is replaced by the next one; dispatchers see its absence.
    log
      .append("load", [{ key: options.server, slot: slotOfName(options.server), envelope, message }])
      .catch((error: unknown) => {
        operatorLog.warn("load report not written", { server: options.server, error });
      });
  }

  function loadChanged(): void {
    cancelReport ??= clock.schedule(milliseconds(REPORT_GATHER_MS), () => {
      cancelReport = null;
      if (!stopped) sendLoad();
    });
  }

  function setTable(next: PortTable): void {
    if (next === table) return;
    table = next;
    loadChanged();
  }

  function beat(): void {
    const now = steadyNow();
    for (const { offer } of expiredHolds(table, now)) withdraw(offer, "hold-expired", null);
    for (const [offer, at] of done) {
      if (now - at < DONE_KEPT_MS) continue;
      done.delete(offer);
      journal.remove(offer);
    }
    sendLoad();
    cancelBeat = clock.schedule(options.reportEveryMs, beat);
  }

  // ---- offers ----

  function newestEpoch(message: OfferMessage): number {
    const newest = Math.max(epochs.get(message.partition) ?? 0, message.epoch);
    epochs.set(message.partition, newest);
    return newest;
  }

  function rejectOffer(
    offer: Pick<Offer, "offer" | "requestId" | "customer" | "epoch">,
    reason: OfferRejection,
    cause: string | null,
  ): void {
    const { requestId, epoch } = offer;
    void say(
      {
        type: "OfferRejected",
        requestId,
        offer: offer.offer,
        server: options.server,
        reason,
        epoch,
        at: clock.now(),
      },
      offer,
      cause,
    );
  }

  /** Gives a held port back and says so, so that the owner can offer elsewhere. */
  function withdraw(offerId: OfferId, reason: OfferRejection, cause: string | null): void {
    const offer = holders.get(offerId);
    holders.delete(offerId);
    const port = portOfOffer(table, offerId);
    if (port !== null && table.inUse.get(port)?.is === "held")
      setTable(releasePort(table, port, clock.now()));
    if (offer !== undefined) rejectOffer(offer, reason, cause);
  }

  function takeOffer(offer: Offer, cause: string): void {
    const now = clock.now();
    const epoch = newestEpoch(offer);
    if (calls.has(offer.offer) || done.has(offer.offer)) return;
    const holding = portOfOffer(table, offer.offer);
    if (holding !== null) return accepted(offer, holding, cause);
    const condition = {
      table,
      draining: draining || outbox.isBacklogged(),
      mediaLatenessMs: telephony.mediaLatenessMs(),
      newestEpoch: epoch,
    };
    const refusal = refusalOf(offer, condition, now, options.admission);
    if (refusal !== null) return rejectOffer(offer, refusal, cause);
    const held = steadyNow();
    const hold = holdPort(table, { offer: offer.offer, now: held, until: after(held, options.holdMs) });
    if (hold === null) return rejectOffer(offer, "busy", cause);
    setTable(hold.table);
    holders.set(offer.offer, offer);
    accepted(offer, hold.port, cause);
  }

  function accepted(offer: Offer, port: number, cause: string): void {
    const { requestId, epoch } = offer;
    void say(
      {
        type: "OfferAccepted",
        requestId,
        offer: offer.offer,
        server: options.server,
        port,
        epoch,
        at: clock.now(),
      },
      offer,
      cause,
    );
  }

  // ---- grants ----

  function lost(
    call: { offer: OfferId; requestId: RequestId; customer: CustomerKey },
    step: Omit<CallLost, "type" | "at">,
    factSeq: number,
  ): Promise<Durable> {
    const fact: CallStep = { type: "CallLost", at: clock.now(), ...step };
    const message: InputMessage = {
      type: "CallReported",
      requestId: call.requestId,
      offer: call.offer,
      server: options.server,
      factSeq,
      step: fact,
    };
    return say(message, call, null);
  }

  function takeGrant(grant: Grant, cause: string): void {
    if (grant.epoch < newestEpoch(grant)) return;
    if (calls.has(grant.offer) || done.has(grant.offer)) return;
    const now = clock.now();
    const seized = seizeHeld(table, grant.offer, now);
    holders.delete(grant.offer);
    if (seized === null) {
      // The hold ran out, gave way to a caller, or died with an earlier run: nobody was called.
      done.set(grant.offer, steadyNow());
      void lost(grant, { phase: "granted", how: "hold-gone" }, 1);
      return;
    }
    setTable(seized.table);
    place(grant, seized.port, now, cause).catch((error: unknown) => {
      operatorLog.error("a granted call could not be placed", { request: grant.requestId, error });
      reject(error);
    });
  }

  async function place(grant: Grant, port: number, seizedAt: Instant, cause: string): Promise<void> {
    const { requestId, customer, offer } = grant;
    let factSeq = 0;
    const record = (phase: "invited" | "answered"): string =>
      JSON.stringify({
        state: "open",
        requestId,
        customer,
        phase,
        factSeq: factSeq + 1_000,
        at: clock.now(),
      } satisfies JournalRecord);
    // Marked before the first wait: the same grant delivered again meanwhile finds it.
    done.set(offer, steadyNow());
    // The entry must be pessimistic: from here on an INVITE may have left, whatever else survives of this process.
    const [durable] = await Promise.all([log.durable(), journal.put(offer, record("invited"))]);
    done.delete(offer);
    if (stopped) return;
    let releasedAt: Instant | null = null;
    const call = placeOutbound(grant, seizedAt, durable, outboundPorts, {
      report(step) {
        factSeq += 1;
        return say(
          { type: "CallReported", requestId, offer, server: options.server, factSeq, step },
          grant,
          cause,
        );
      },
      answered: () => void journal.put(offer, record("answered")).catch(reject),
      cancelled: cancelled.delete(offer),
      release() {
        releasedAt ??= clock.now();
        setTable(releasePort(table, port, releasedAt));
        return releasedAt;
      },
      observe: (step) => deps.observe?.(requestId, step),
    });
    calls.set(offer, call);
    await call.reported;
    calls.delete(offer);
    finish(offer);
  }

  /** The outcome is in the log: the journal entry is only kept against a second delivery of the grant. */
  function finish(offer: OfferId): void {
    done.set(offer, steadyNow());
    journal
      .put(offer, JSON.stringify({ state: "done", at: clock.now() } satisfies JournalRecord))
      .catch(reject);
  }

  function takeHangUp(message: HangUp): void {
    if (message.epoch < newestEpoch(message)) return;
    const call = calls.get(message.offer);
    if (call !== undefined) return call.hangUp();
    if (table.inUse.get(portOfOffer(table, message.offer) ?? 0)?.is === "outbound") {
      // Granted, and on its way to the journal: it must not be placed any more.
      cancelled.add(message.offer);
      return;
    }
    holders.delete(message.offer);
    const port = portOfOffer(table, message.offer);
    if (port !== null && table.inUse.get(port)?.is === "held")
      setTable(releasePort(table, port, clock.now()));
  }

  /**
   * What an earlier run of this server has long dealt with. A recent grant is not: if the journal doesn't know it
   * either, the owner must hear that nobody was called.
   */
  function isHistory(message: OfferMessage): boolean {
    if (!replaying) return false;
    return message.type !== "Grant" || startedAt - message.at > DONE_KEPT_MS;
  }

  function takeOfferRecord(record: Delivered<"offers">): void {
    if (!record.ok || record.message?.server !== options.server) return;
    const { message, envelope } = record;
    if (isHistory(message)) return;
    switch (message.type) {
      case "Offer":
        return takeOffer(message, envelope.id);
      case "Grant":
        return takeGrant(message, envelope.id);
      case "HangUp":
        return takeHangUp(message);
      default:
        return message satisfies never;
    }
  }

  const outboundPorts: OutboundPorts = {
    telephony,
    dialogs,
    keyring,
    now: () => clock.now(),
    localUri: options.localUri,
  };

  // ---- callers (I04) ----

  function callerKey(call: IncomingCall): CustomerKey {
    if (call.caller !== null) return keyring.pseudonym(call.caller);
    // A withheld number is nobody's: one pseudonym for all of them, which no real number can have.
    return parseCustomerKey("0".repeat(32)) ?? ("" as CustomerKey);
  }

  function onIncoming(call: IncomingCall): IncomingAnswer {
    if (stopped || draining) return { take: false, sipCode: 503, retryAfterSeconds: 30 };
    const inboundId = `in_${chance.ulid()}`;
    const now = clock.now();
    const seized = seizeInbound(table, inboundId, now);
    if (seized === null) return { take: false, sipCode: 486, retryAfterSeconds: null };
    setTable(seized.table);
    if (seized.withdrawn !== null) {
      const offer = holders.get(seized.withdrawn);
      holders.delete(seized.withdrawn);
      if (offer !== undefined) rejectOffer(offer, "glare", null);
    }
    const tell = journalInbound({ inboundId, customer: callerKey(call), port: seized.port, startedAt: now });
    tell.started(call.sipCallId);
    const over = (endedBy: InboundEnd): void => {
      setTable(releasePort(table, seized.port, clock.now()));
      tell.ended(endedBy);
    };
    return {
      take: true,
      maxSessionMs: options.inboundSessionMsMax,
      onProgress: inboundProgress(call, inboundId, over),
    };
  }

  /**
   * The caller is answered at once; the log hears of the call only when the journal has it, so that its end will
   * be told even if this process does not live to see it.
   */
  function journalInbound(held: InboundHeld) {
    const { inboundId, customer, port, startedAt: beganAt } = held;
    const record: JournalRecord = { state: "inbound", inboundId, customer, port, startedAt: beganAt };
    const told = journal.put(inboundId, JSON.stringify(record));
    told.catch(reject);
    const common = { inboundId, customer, server: options.server, port };
    const about = { slot: slotOfCustomer(customer), subject: null, causationId: null };
    const report = async (message: InputMessage): Promise<void> => {
      const written = entry(message, customer, about);
      await told;
      await outbox.report(written);
    };
    return {
      started(sipCallId: string): void {
        report({ type: "InboundStarted", ...common, sipCallId, at: beganAt }).catch(reject);
      },
      ended(endedBy: InboundEnd): void {
        report({ type: "InboundEnded", ...common, startedAt: beganAt, endedBy, at: clock.now() })
          .then(() => journal.remove(inboundId))
          .catch(reject);
      },
    };
  }

  function inboundProgress(
    call: IncomingCall,
    inboundId: string,
    over: (endedBy: InboundEnd) => void,
  ): (progress: CallProgress) => void {
    const hungUp = new AbortController();
    inbound.set(inboundId, () => hungUp.abort());
    return (progress) => {
      if (progress.type === "ended") {
        hungUp.abort();
        inbound.delete(inboundId);
        over(progress.ending.endedBy);
      }
      if (progress.type !== "answered") return;
      const order = {
        document: options.callerDocument,
        request: null,
        sender: null,
        attempt: 1,
        userData: null,
        connection: {
          localUri: options.localUri,
          remoteUri: "sip:caller@invalid",
          originator: "remote" as const,
        },
      };
      dialogs
        .run(order, progress.leg, (step) => deps.observe?.(null, step), hungUp.signal)
        .catch((error: unknown) => operatorLog.error("the callers' document failed", { error }))
        .finally(() => call.hangUp());
    };
  }

  // ---- life ----

  /** Calls that were open when the process died are lost, and the log is told before anything new begins (I13). */
  async function reportLost(): Promise<void> {
    const reports: Promise<void>[] = [];
    for (const [key, body] of journal.entries()) {
      const record = parseJournalRecord(body);
      const offer = key as OfferId;
      if (record === null) {
        operatorLog.error("journal entry is not readable", { offer });
        continue;
      }
      if (record.state === "inbound") {
        // Nobody saw its end; the call itself ended with the process that carried it.
        journalInbound(record).ended("network");
        continue;
      }
      if (record.state === "done") {
        // From now, not from its own time: the clock may have been stepped since, and longer is harmless.
        done.set(offer, steadyNow());
        continue;
      }
      operatorLog.warn("a call was lost in a crash", { request: requestOfOffer(offer), phase: record.phase });
      const { requestId, customer, phase, factSeq } = record;
      const report = lost({ offer, requestId, customer }, { phase, how: "journal" }, factSeq);
      reports.push(report.then(() => finish(offer)));
      done.set(offer, steadyNow());
    }
    await Promise.all(reports);
  }

  return {
    ended,
    async start() {
      await dialogs.start();
      await telephony.start(onIncoming);
      void reportLost().catch(reject);
      // From the start of what is kept: grants written while this server was down must be answered too.
      subscription = log.follow("offers", "start", (records) => {
        for (const record of records) if (!stopped) takeOfferRecord(record);
      });
      subscription.ended.catch(reject);
      await subscription.caughtUp;
      replaying = false;
      beat();
    },
    async drain(patience) {
      draining = true;
      telephony.drain(true);
      sendLoad();
      const over = Promise.all([...calls.values()].map((call) => call.reported));
      const { promise: impatient, resolve } = Promise.withResolvers<void>();
      const cancel = clock.schedule(patience, resolve);
      await Promise.race([over, impatient]);
      cancel();
    },
    async stop() {
      draining = true;
      for (const call of calls.values()) call.hangUp();
      for (const end of inbound.values()) end();
      await telephony.stop();
      await Promise.race([
        Promise.all([...calls.values()].map((call) => call.reported)),
        new Promise<void>((resolve) => void clock.schedule(milliseconds(STOP_PATIENCE_MS), resolve)),
      ]);
      stopped = true;
      cancelBeat?.();
      cancelReport?.();
      await outbox.drain(milliseconds(STOP_PATIENCE_MS));
      await subscription?.stop();
      await dialogs.stop();
    },
  };
}
