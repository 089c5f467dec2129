/** Those who call in (I04): a port, the callers' document, and the truth about it in the log. */
import {
  type CustomerKey,
  type OfferId,
  parseCustomerKey,
  type ServerId,
} from "../../domain/kernel/identifiers.ts";
import type { Instant, Milliseconds } from "../../domain/kernel/time.ts";
import type { CallJournal } from "../../domain/ports/call-journal.ts";
import type { Chance } from "../../domain/ports/chance.ts";
import type { DialogRunner, DialogStep } from "../../domain/ports/dialog-runner.ts";
import type { Keyring } from "../../domain/ports/keyring.ts";
import type { OperatorLog } from "../../domain/ports/operator-log.ts";
import type { CallProgress, IncomingAnswer, IncomingCall } from "../../domain/ports/telephony.ts";
import { releasePort, seizeInbound } from "../../domain/server/port-table.ts";
import type { Facts } from "./facts.ts";
import type { JournalRecord } from "./journal-record.ts";
import type { ServerPorts } from "./server-ports.ts";

export type IncomingOptions = {
  readonly server: ServerId;
  readonly localUri: string;
  /** What callers hear. */
  readonly callerDocument:
    | { readonly kind: "url"; readonly url: string }
    | { readonly kind: "inline"; readonly text: string };
  readonly inboundSessionMsMax: Milliseconds;
};

type InboundHeld = Omit<Extract<JournalRecord, { state: "inbound" }>, "state">;
type InboundEnd = "customer" | "us" | "network";

export type IncomingCalls = {
  answer(call: IncomingCall): IncomingAnswer;
  /** A call that an earlier run did not live to see the end of: it ended with the process that carried it. */
  endLost(held: InboundHeld): void;
  hangUpAll(): void;
};

export type IncomingPorts = {
  readonly journal: CallJournal;
  readonly keyring: Pick<Keyring, "pseudonym">;
  readonly facts: Pick<Facts, "inbound">;
  readonly ports: ServerPorts;
  readonly dialogs: Pick<DialogRunner, "run">;
  readonly chance: Chance;
  readonly operatorLog: OperatorLog;
  readonly now: () => Instant;
  /** Of this run, as its load reports say it. */
  readonly runStartedAt: Instant;
  /** The clock of load reports: dispatchers compare the last incoming call with it. */
  readonly steadyNow: () => Instant;
  readonly takesCalls: () => boolean;
  /** An offer's hold had to give way to a caller. */
  readonly onGlare: (offer: OfferId) => void;
  readonly observe: ((step: DialogStep) => void) | null;
  readonly fail: (error: unknown) => void;
};

// A withheld number is nobody's: one pseudonym for all of them, which no real number can have.
const WITHHELD = parseCustomerKey("0".repeat(32)) ?? ("" as CustomerKey);
const RETRY_AFTER_SECONDS = 30;

export function createIncomingCalls(options: IncomingOptions, deps: IncomingPorts): IncomingCalls {
  const { journal, facts, ports, dialogs, now, runStartedAt, fail } = deps;
  const hangUps = new Map<string, () => void>();

  function answer(call: IncomingCall): IncomingAnswer {
    if (!deps.takesCalls()) return { take: false, sipCode: 503, retryAfterSeconds: RETRY_AFTER_SECONDS };
    const inboundId = `in_${deps.chance.ulid()}`;
    const startedAt = now();
    const seized = seizeInbound(ports.table(), inboundId, deps.steadyNow());
    if (seized === null) return { take: false, sipCode: 486, retryAfterSeconds: null };
    const { port, withdrawn } = seized;
    ports.set(seized.table);
    if (withdrawn !== null) deps.onGlare(withdrawn);
    const customer = call.caller === null ? WITHHELD : deps.keyring.pseudonym(call.caller);
    const tell = journalInbound({ inboundId, customer, port, startedAt });
    tell.started(call.sipCallId);
    const over = (endedBy: InboundEnd): void => {
      ports.set(releasePort(ports.table(), port, now()));
      tell.ended(endedBy);
    };
    return {
      take: true,
      maxSessionMs: options.inboundSessionMsMax,
      onProgress: progressOf(call, inboundId, over),
    };
  }

  /**
   * The caller is answered at once; the log hears of the call only when the journal has it, so that its end will
   * be told even if this process does not live to see it.
   */
  function journalInbound({ inboundId, customer, port, startedAt }: InboundHeld) {
    const record: JournalRecord = { state: "inbound", inboundId, customer, port, startedAt };
    const journaled = journal.put(inboundId, JSON.stringify(record));
    journaled.catch(fail);
    const common = { inboundId, customer, server: options.server, port };
    return {
      started(sipCallId: string): void {
        const message = {
          type: "InboundStarted",
          ...common,
          sipCallId,
          at: startedAt,
          runStartedAt,
        } as const;
        facts.inbound(message, journaled).catch(fail);
      },
      ended(endedBy: InboundEnd): void {
        const message = { type: "InboundEnded", ...common, startedAt, endedBy, at: now() } as const;
        facts
          .inbound(message, journaled)
          .then(() => journal.remove(inboundId))
          .catch(fail);
      },
    };
  }

  function progressOf(
    call: IncomingCall,
    inboundId: string,
    over: (endedBy: InboundEnd) => void,
  ): (progress: CallProgress) => void {
    const hungUp = new AbortController();
    hangUps.set(inboundId, () => hungUp.abort());
    return (progress) => {
      if (progress.type === "ended") {
        hungUp.abort();
        hangUps.delete(inboundId);
        over(progress.ending.endedBy);
      }
      if (progress.type === "answered") greet(call, progress.leg, hungUp.signal);
    };
  }

  function greet(
    call: IncomingCall,
    leg: Extract<CallProgress, { type: "answered" }>["leg"],
    hungUp: AbortSignal,
  ): void {
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
      .run(order, leg, (step) => deps.observe?.(step), hungUp)
      .catch((error: unknown) => deps.operatorLog.error("the callers' document failed", { error }))
      .finally(() => call.hangUp());
  }

  return {
    answer,
    endLost: (held) => journalInbound(held).ended("network"),
    hangUpAll() {
      for (const hangUp of hangUps.values()) hangUp();
    },
  };
}
