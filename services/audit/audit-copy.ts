/**
 * Feeds the second copy: follows `events` and hands every event of every Request to the store, in order, again
 * and again until it is kept. Calls never wait for it. How far it is lies in the store itself, so that a restart,
 * on whatever machine, goes on where the last one was; what is handed over twice is kept once.
 */
import { parseRequestId, type RequestId } from "../../domain/kernel/identifiers.ts";
import { milliseconds } from "../../domain/kernel/time.ts";
import {
  AuditConflictError,
  AuditGapError,
  type AuditStore,
  AuditStoreUnavailableError,
  type KeptEvent,
} from "../../domain/ports/audit-store.ts";
import type { Clock } from "../../domain/ports/clock.ts";
import type { Delivered, EventLog, Subscription } from "../../domain/ports/event-log.ts";
import type { OperatorLog } from "../../domain/ports/operator-log.ts";
import { pause } from "../pause.ts";

/** Requests whose events are handed over at once; each one's own stay in order. */
export const AT_ONCE_MAX = 16;
const PAUSE_FIRST_MS = 200;
const PAUSE_LAST_MS = 10_000;

export type AuditCopyPorts = {
  readonly log: Pick<EventLog, "read" | "follow" | "partitionCount">;
  readonly store: AuditStore;
  readonly clock: Clock;
  readonly operatorLog: OperatorLog;
};

export type AuditCopy = {
  /** Resolves when everything that was in the log at the call is kept. */
  start(): Promise<void>;
  /** Rejects when the log failed for good. */
  readonly ended: Promise<void>;
  /** Events that the store refused: each is told to the operator, and the copy goes on without. */
  refused(): number;
  stop(): Promise<void>;
};

export function createAuditCopy({ log, store, clock, operatorLog }: AuditCopyPorts): AuditCopy {
  const stopping = new AbortController();
  const ended = Promise.withResolvers<void>();
  ended.promise.catch(() => undefined);
  let subscription: Subscription | null = null;
  let refused = 0;

  /** Tries until it succeeds or the copy is stopped; null then. */
  async function patiently<Result>(act: () => Promise<Result>): Promise<Result | null> {
    let pauseMs = PAUSE_FIRST_MS;
    while (!stopping.signal.aborted) {
      try {
        return await act();
      } catch (error) {
        if (!(error instanceof AuditStoreUnavailableError)) throw error;
        operatorLog.warn("the second copy falls behind", { error: error.message, againInMs: pauseMs });
        await pause(clock, milliseconds(pauseMs), stopping.signal);
        pauseMs = Math.min(pauseMs * 2, PAUSE_LAST_MS);
      }
    }
    return null;
  }

  async function keep(request: RequestId, records: readonly Readable[]): Promise<void> {
    for (const record of records) {
      const { sequence } = record.envelope;
      if (sequence === null || record.message === null) continue;
      try {
        await patiently(() => store.append(request, sequence, keptOf(record)));
      } catch (error) {
        if (!(error instanceof AuditGapError || error instanceof AuditConflictError)) throw error;
        refused += 1;
        operatorLog.error("the second copy refused an event", {
          error: error.message,
          partition: record.partition,
          offset: record.offset,
        });
      }
    }
  }

  async function keepAll(records: readonly Delivered<"events">[]): Promise<void> {
    const byRequest = Map.groupBy(records.filter(isReadable), (record) =>
      parseRequestId(record.envelope.subject ?? ""),
    );
    const waiting = [...byRequest].flatMap(([request, some]) =>
      request === null ? [] : [{ request, some }],
    );
    const hand = async (): Promise<void> => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift())
        await keep(next.request, next.some);
    };
    await Promise.all(Array.from({ length: Math.min(AT_ONCE_MAX, waiting.length) }, hand));
    if (stopping.signal.aborted) return;
    // Noted only when all before it is kept: a partition's batches come one after the other.
    const newest = new Map(records.map(({ partition, offset }) => [partition, offset]));
    for (const [partition, offset] of newest) await patiently(() => store.noteKept(partition, offset));
  }

  async function whereFrom(): Promise<Map<number, number>> {
    const after = new Map<number, number>();
    for (let partition = 0; partition < log.partitionCount("events"); partition += 1)
      after.set(partition, (await patiently(() => store.keptUpTo(partition))) ?? -1);
    return after;
  }

  /** `follow` delivers without proofs: the links of a batch are read again beside it. */
  async function withProofs(
    records: readonly Delivered<"events">[],
  ): Promise<readonly Delivered<"events">[]> {
    const proven: Delivered<"events">[] = [];
    for (const [partition, some] of Map.groupBy(records, (record) => record.partition)) {
      const [first, last] = [some[0], some.at(-1)];
      if (first === undefined || last === undefined) continue;
      const range = { from: first.offset, to: last.offset + 1, proofs: true };
      for await (const read of log.read("events", partition, range)) proven.push(...read);
    }
    return proven;
  }

  return {
    ended: ended.promise,
    refused: () => refused,
    async start() {
      const after = await whereFrom();
      if (stopping.signal.aborted) return;
      subscription = log.follow("events", { after }, async (records) => {
        await keepAll(await withProofs(records));
      });
      subscription.ended.catch(ended.reject);
      await subscription.caughtUp;
    },
    async stop() {
      stopping.abort();
      await subscription?.stop();
    },
  };
}

type Readable = Extract<Delivered<"events">, { readonly ok: true }>;

function isReadable(record: Delivered<"events">): record is Readable {
  return record.ok && record.message !== null;
}

function keptOf({ message, envelope, partition, offset, appendedAt, proof }: Readable): KeptEvent {
  if (message === null) throw new Error("audit: a tombstone on events is no event");
  return {
    event: message,
    envelope,
    position: { partition, offset },
    appendedAt,
    link: proof?.chain ?? null,
  };
}
