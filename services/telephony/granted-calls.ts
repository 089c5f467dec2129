/**
 * Calls that this server was told to place, from the grant to the outcome in the log. Each is in the journal
 * from before its INVITE until a while after its outcome is durable, so that a grant that is delivered twice never
 * calls twice, even across a restart.
 */
import type { OfferId, RequestId } from "../../domain/kernel/identifiers.ts";
import type { Instant } from "../../domain/kernel/time.ts";
import type { CallJournal } from "../../domain/ports/call-journal.ts";
import type { DialogStep } from "../../domain/ports/dialog-runner.ts";
import type { EventLog } from "../../domain/ports/event-log.ts";
import type { OperatorLog } from "../../domain/ports/operator-log.ts";
import type { Grant } from "../../domain/server/offers.ts";
import { portOfOffer, releasePort } from "../../domain/server/port-table.ts";
import type { Facts } from "./facts.ts";
import type { Holds } from "./holds.ts";
import type { JournalRecord } from "./journal-record.ts";
import { openGrant } from "./open-grant.ts";
import { type OutboundCall, type OutboundPorts, placeOutbound } from "./outbound-call.ts";
import type { ServerPorts } from "./server-ports.ts";

/** A "done" journal entry outlives every possible second delivery of its grant. */
const DONE_KEPT_MS = 600_000;
/** Facts that a crashed run may have reported without its journal knowing. */
const UNJOURNALED_FACTS_MAX = 1_000;

export type GrantedCalls = {
  /** Whether this offer was granted, now or within the time that is remembered. */
  knows(offer: OfferId): boolean;
  take(grant: Grant, cause: string): void;
  /** Ends the call, or keeps a granted one from being placed. False: no such call. */
  hangUp(offer: OfferId): boolean;
  hangUpAll(): void;
  /** Every outcome of the calls in progress is in the log. */
  reported(): Promise<unknown>;
  /** The call's outcome is in the log: its journal entry is only kept against a second delivery of the grant. */
  finish(offer: OfferId): void;
  /** Known to be over, from the journal of an earlier run or because nobody was called. */
  remember(offer: OfferId): void;
  forgetOld(): void;
};

export type GrantedCallsPorts = {
  readonly log: Pick<EventLog, "durable">;
  readonly journal: CallJournal;
  readonly facts: Facts;
  readonly holds: Pick<Holds, "seize">;
  readonly ports: ServerPorts;
  readonly outbound: OutboundPorts;
  readonly operatorLog: OperatorLog;
  readonly steadyNow: () => Instant;
  readonly isStopped: () => boolean;
  readonly observe: ((request: RequestId, step: DialogStep) => void) | null;
  /** The journal or the log failed for good: the process must end. */
  readonly fail: (error: unknown) => void;
};

export function createGrantedCalls(deps: GrantedCallsPorts): GrantedCalls {
  const { log, journal, facts, holds, ports, outbound, operatorLog, steadyNow, fail } = deps;
  const calls = new Map<OfferId, OutboundCall>();
  /** By the steady clock. */
  const done = new Map<OfferId, Instant>();
  const cancelled = new Set<OfferId>();

  const remember = (offer: OfferId): void => void done.set(offer, steadyNow());

  function finish(offer: OfferId): void {
    remember(offer);
    const record: JournalRecord = { state: "done", at: outbound.now() };
    journal.put(offer, JSON.stringify(record)).catch(fail);
  }

  function tellNeverPlaced(grant: Grant): Promise<unknown> {
    return facts.callLost(grant, { phase: "granted", how: "hold-gone" }, 1);
  }

  /** The port is free, and whoever took the call back has got what he asked for. */
  function giveBack(offer: OfferId, port: number): void {
    cancelled.delete(offer);
    ports.set(releasePort(ports.table(), port, outbound.now()));
  }

  /**
   * The hold ran out while this process was stopped or its disk was slow. By now the owner may have declared this
   * server gone and sent the Request elsewhere, so an INVITE would be a second call.
   */
  async function callOff(grant: Grant, port: number): Promise<void> {
    remember(grant.offer);
    giveBack(grant.offer, port);
    await tellNeverPlaced(grant);
    finish(grant.offer);
  }

  async function place(
    grant: Grant,
    { port, until }: { readonly port: number; readonly until: Instant },
    seizedAt: Instant,
    cause: string,
  ): Promise<void> {
    const { requestId, customer, offer } = grant;
    let reportedSteps = 0;
    const record = (phase: "invited" | "answered"): string =>
      JSON.stringify({
        state: "open",
        requestId,
        customer,
        phase,
        factSeq: reportedSteps + UNJOURNALED_FACTS_MAX,
        at: outbound.now(),
      } satisfies JournalRecord);
    // Marked before the first wait: the same grant delivered again meanwhile finds it.
    remember(offer);
    const opened = await openGrant(grant, outbound.keyring).catch((error: unknown) => {
      operatorLog.warn("a granted call is not placed: its keys can't be looked up", {
        request: requestId,
        error,
      });
      return null;
    });
    if (opened === null) {
      giveBack(offer, port);
      await tellNeverPlaced(grant);
      return;
    }
    // The entry must be pessimistic: from here on an INVITE may have left, whatever else survives of this process.
    const [durable] = await Promise.all([log.durable(), journal.put(offer, record("invited"))]);
    done.delete(offer);
    if (deps.isStopped()) return;
    if (until <= steadyNow()) return callOff(grant, port);
    let releasedAt: Instant | null = null;
    const call = placeOutbound(opened, seizedAt, durable, outbound, {
      report(step) {
        reportedSteps += 1;
        return facts.callStep(grant, step, reportedSteps, cause);
      },
      answered: () => void journal.put(offer, record("answered")).catch(fail),
      cancelled: cancelled.delete(offer),
      release() {
        releasedAt ??= outbound.now();
        ports.set(releasePort(ports.table(), port, releasedAt));
        return releasedAt;
      },
      observe: (step) => deps.observe?.(requestId, step),
    });
    calls.set(offer, call);
    await call.reported;
    calls.delete(offer);
    finish(offer);
  }

  return {
    knows: (offer) => calls.has(offer) || done.has(offer),
    take(grant, cause) {
      const now = outbound.now();
      const seized = holds.seize(grant.offer, now);
      if (seized === null) {
        // The hold ran out, gave way to a caller, or died with an earlier run: nobody was called.
        remember(grant.offer);
        void tellNeverPlaced(grant);
        return;
      }
      place(grant, seized, now, cause).catch((error: unknown) => {
        operatorLog.error("a granted call could not be placed", { request: grant.requestId, error });
        fail(error);
      });
    },
    hangUp(offer) {
      const call = calls.get(offer);
      call?.hangUp();
      if (call !== undefined) return true;
      const port = portOfOffer(ports.table(), offer);
      if (port === null || ports.table().inUse.get(port)?.is !== "outbound") return false;
      // Granted, and on its way to the journal: it must not be placed any more.
      cancelled.add(offer);
      return true;
    },
    hangUpAll() {
      for (const call of calls.values()) call.hangUp();
    },
    reported: () => Promise.all([...calls.values()].map((call) => call.reported)),
    finish,
    remember,
    forgetOld() {
      for (const [offer, at] of done) {
        if (steadyNow() - at < DONE_KEPT_MS) continue;
        done.delete(offer);
        journal.remove(offer);
      }
    },
  };
}
