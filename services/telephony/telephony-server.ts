/**
 * The telephony server role (102): takes or refuses what it is offered, calls when it is granted, answers who
 * calls in, and tells the log the truth about all of it.
 *
 * A call can only start from a hold in this memory plus a grant in the log. Holds die with the process, so after
 * a crash no old grant can ring anybody; the journal says which calls were lost, and the grants that find no
 * hold are answered as lost before they were placed.
 *
 * Each idea has its file: `holds` what is offered, `granted-calls` what is placed, `incoming-calls` who calls in,
 * `lost-calls` what an earlier run left, `load-reporter` how the server is doing, `facts` what it tells.
 */
import type { RequestId } from "../../domain/kernel/identifiers.ts";
import { type Instant, instant, type Milliseconds, milliseconds } from "../../domain/kernel/time.ts";
import type { CallJournal } from "../../domain/ports/call-journal.ts";
import type { Chance } from "../../domain/ports/chance.ts";
import type { Clock } from "../../domain/ports/clock.ts";
import type { DialogRunner, DialogStep } from "../../domain/ports/dialog-runner.ts";
import type { Delivered, EventLog, Position, Subscription } from "../../domain/ports/event-log.ts";
import type { Keyring } from "../../domain/ports/keyring.ts";
import type { OperatorLog } from "../../domain/ports/operator-log.ts";
import type { Telephony } from "../../domain/ports/telephony.ts";
import type { AdmissionLimits } from "../../domain/server/admission.ts";
import type { LoadReported } from "../../domain/server/load.ts";
import type { Grant, HangUp, Offer, OfferMessage } from "../../domain/server/offers.ts";
import { countUse, createPortTable } from "../../domain/server/port-table.ts";
import { createFactOutbox } from "./fact-outbox.ts";
import { createFacts } from "./facts.ts";
import { createGrantHistory } from "./grant-history.ts";
import { createGrantedCalls } from "./granted-calls.ts";
import { createHolds } from "./holds.ts";
import { createIncomingCalls, type IncomingOptions } from "./incoming-calls.ts";
import { createLoadReporter } from "./load-reporter.ts";
import { reportLostCalls } from "./lost-calls.ts";
import { createOwnerEpochs } from "./owner-epochs.ts";
import { createServerPorts } from "./server-ports.ts";

export type TelephonyServerOptions = IncomingOptions & {
  readonly ports: number;
  readonly inboundReserve: number;
  /** A held port without a grant is free again after this. */
  readonly holdMs: Milliseconds;
  readonly reportEveryMs: Milliseconds;
  readonly admission: AdmissionLimits;
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

export type TelephonyServer = {
  start(): Promise<void>;
  /** Takes nothing new; resolves when the last call, in either direction, has ended or `patience` is over. */
  drain(patience: Milliseconds): Promise<void>;
  stop(): Promise<void>;
  readonly ended: Promise<void>;
  /** Stands in every load report: tells this run from any other under the server's name. */
  readonly startedAt: Instant;
};

const STOP_PATIENCE_MS = 5_000;

export function createTelephonyServer(
  options: TelephonyServerOptions,
  deps: TelephonyServerPorts,
): TelephonyServer {
  const { server } = options;
  const { log, telephony, dialogs, journal, keyring, clock, operatorLog, observe } = deps;
  const startedAt = clock.now();
  const startedMonotonic = clock.monotonic();
  /** Never steps while this process lives: reports keep their order and holds their length, whatever the clock does. */
  const steadyNow = (): Instant => instant(startedAt + (clock.monotonic() - startedMonotonic));
  const now = (): Instant => clock.now();
  let draining = false;
  /** While the records of earlier runs go by. */
  let replaying = true;
  let stopped = false;
  let cancelBeat: (() => void) | null = null;
  let subscription: Subscription | null = null;
  const { promise: ended, reject: fail } = Promise.withResolvers<void>();
  ended.catch(() => undefined);

  const outbox = createFactOutbox({ log, clock, operatorLog });
  const history = createGrantHistory(journal, steadyNow);
  const facts = createFacts(server, { ...deps, outbox, steadyNow, runStartedAt: startedAt });
  const epochs = createOwnerEpochs();
  const load = createLoadReporter(loadReport, deps);
  const ports = createServerPorts(createPortTable(options.ports, options.inboundReserve), load.changed);
  const isDraining = (): boolean => draining || outbox.isBacklogged();
  const holds = createHolds(options, {
    facts,
    ports,
    now,
    steadyNow,
    condition: () => ({ draining: isDraining(), mediaLatenessMs: telephony.mediaLatenessMs() }),
  });
  const granted = createGrantedCalls({
    log,
    journal,
    facts,
    holds,
    ports,
    outbound: { telephony, dialogs, keyring, now, steadyNow, localUri: options.localUri },
    operatorLog,
    steadyNow,
    isStopped: () => stopped,
    observe: observe ?? null,
    fail,
  });
  const incoming = createIncomingCalls(options, {
    ...deps,
    facts,
    ports,
    now,
    runStartedAt: startedAt,
    steadyNow,
    takesCalls: () => !stopped && !draining,
    onGlare: (offer) => holds.withdraw(offer, "glare"),
    observe: observe === undefined ? null : (step) => observe(null, step),
    fail,
  });

  function loadReport(): LoadReported {
    const table = ports.table();
    return {
      type: "LoadReported",
      server,
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
      draining: isDraining(),
    };
  }

  function beat(): void {
    holds.expire();
    granted.forgetOld();
    history.settle().catch(fail);
    load.send();
    cancelBeat = clock.schedule(options.reportEveryMs, beat);
  }

  function takeOffer(offer: Offer, cause: string): void {
    const newestEpoch = epochs.newest(offer);
    if (!granted.knows(offer.offer)) holds.take(offer, newestEpoch, cause);
  }

  function takeGrant(grant: Grant, cause: string): void {
    if (grant.epoch < epochs.newest(grant) || granted.knows(grant.offer)) return;
    granted.take(grant, cause);
  }

  function takeHangUp(message: HangUp): void {
    if (message.epoch < epochs.newest(message) || granted.hangUp(message.offer)) return;
    holds.release(message.offer);
  }

  /**
   * Told to an earlier run of this server. Offers and holds died with it; a grant must be answered all the same,
   * unless that run has long done it: if the journal doesn't know it, the owner must hear that nobody was called.
   */
  function isHistory({ message, ...position }: Position & { readonly message: OfferMessage }): boolean {
    if (!replaying) return false;
    return message.type !== "Grant" || history.isPast(position);
  }

  function takeRecord(record: Delivered<"offers">): void {
    if (!record.ok || record.message?.server !== server) return;
    const { message, envelope, partition, offset } = record;
    if (isHistory({ message, partition, offset })) return;
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

  function within(patience: Milliseconds, what: Promise<unknown>): Promise<unknown> {
    const { promise: impatient, resolve } = Promise.withResolvers<void>();
    const cancel = clock.schedule(patience, resolve);
    return Promise.race([what, impatient]).finally(cancel);
  }

  return {
    ended,
    startedAt,
    async start() {
      await dialogs.start();
      await telephony.start(incoming.answer);
      reportLostCalls({ journal, facts, granted, incoming, operatorLog }).catch(fail);
      // From the start of what is kept: grants written while this server was down must be answered too.
      subscription = log.follow("offers", "start", (records) => {
        for (const record of records) {
          if (!stopped) takeRecord(record);
          history.noteRead(record);
        }
      });
      subscription.ended.catch(fail);
      await subscription.caughtUp;
      replaying = false;
      beat();
    },
    async drain(patience) {
      draining = true;
      telephony.drain(true);
      load.send();
      // What is held may still be granted: its owner was told yes. A port that is free has told its outcome soon.
      await within(patience, ports.idle().then(granted.reported));
    },
    async stop() {
      draining = true;
      granted.hangUpAll();
      incoming.hangUpAll();
      await telephony.stop();
      await within(milliseconds(STOP_PATIENCE_MS), granted.reported());
      stopped = true;
      cancelBeat?.();
      load.stop();
      await outbox.drain(milliseconds(STOP_PATIENCE_MS));
      await subscription?.stop();
      await dialogs.stop();
    },
  };
}
