/**
 * What a gateway knows of Requests: it follows `events`, keeps the newest ones in memory, and reads the others
 * from their partition when somebody asks. The id says which partition.
 */
import type { RequestId } from "../domain/kernel/identifiers.ts";
import { parseRequestId, slotOfRequest } from "../domain/kernel/identifiers.ts";
import type { Instant, Milliseconds } from "../domain/kernel/time.ts";
import type { Clock } from "../domain/ports/clock.ts";
import type { Delivered, EventLog, Subscription } from "../domain/ports/event-log.ts";
import type { SubmitRequest } from "../domain/request/commands.ts";
import { isTerminal, type RequestEvent } from "../domain/request/events.ts";
import { foldStatus, type StatusView } from "../projections/request-status.ts";

export type BoardEvent = {
  readonly seq: number;
  readonly id: string;
  readonly event: RequestEvent;
  readonly causationId: string | null;
};

export type RequestBoard = {
  start(): Promise<void>;
  readonly ended: Promise<void>;
  /** A command that this gateway has put into the log: its Request is "received" from now on. */
  accepted(command: SubmitRequest): void;
  /** Null: no such Request in the log, decided or not. */
  statusOf(request: RequestId): Promise<StatusView | null>;
  historyOf(request: RequestId): Promise<readonly BoardEvent[]>;
  /** It was received before `now`: what is submitted under this id again is a repeat. */
  knew(request: RequestId, now: Instant): boolean;
  /** The first deciding event after receipt, or null when it does not come within `patience`. */
  decision(request: RequestId, patience: Milliseconds): Promise<RequestEvent | null>;
  /** Calls `listener` for each new event of a Request; the answer stops it. */
  listen(request: RequestId, listener: (event: BoardEvent) => void): () => void;
  stop(): Promise<void>;
};

type Known = { status: StatusView; readonly history: BoardEvent[] };

/** Requests kept in memory; the one that was received first goes first. */
export const REQUESTS_KEPT_MAX = 20_000;
/** Accepted Requests that no owner has taken up yet, remembered here; the others are looked up in the log. */
const PENDING_KEPT_MAX = 20_000;
/** Look-ups in the log at once: each reads a partition, and an id that never was costs as much as any. */
const COLD_READS_MAX = 2;
/** Events kept per Request; a Request with more is read from the log. */
export const EVENTS_KEPT_MAX = 200;

const DECIDING: ReadonlySet<string> = new Set([
  "PolicyRejected",
  "RequestScheduled",
  "RequestQueued",
  "RequestExpired",
]);

export function createRequestBoard(ports: { readonly log: EventLog; readonly clock: Clock }): RequestBoard {
  const known = new Map<RequestId, Known>();
  const pending = new Map<RequestId, StatusView>();
  const coldReads = createTurns(COLD_READS_MAX);
  const listeners = new Map<RequestId, Set<(event: BoardEvent) => void>>();
  let subscription: Subscription | null = null;
  const { promise: ended, reject } = Promise.withResolvers<void>();
  ended.catch(() => undefined);

  function take(record: Delivered<"events">): void {
    if (!record.ok || record.message === null) return;
    const request = parseRequestId(record.envelope.subject ?? "");
    const seq = record.envelope.sequence;
    if (request === null || seq === null) return;
    const event: BoardEvent = {
      seq,
      id: record.envelope.id,
      event: record.message,
      causationId: record.envelope.causationId,
    };
    remember(request, event);
    for (const listener of listeners.get(request) ?? []) listener(event);
  }

  function remember(request: RequestId, event: BoardEvent): void {
    const before = known.get(request);
    const status = foldStatus(before?.status ?? null, request, event.event, event.seq);
    if (status === null) return;
    pending.delete(request);
    if (before !== undefined) {
      const isNew = event.seq > before.status.seq;
      before.status = status;
      if (isNew && before.history.length < EVENTS_KEPT_MAX) before.history.push(event);
      return;
    }
    known.set(request, { status, history: [event] });
    const oldest = known.keys().next().value;
    if (known.size > REQUESTS_KEPT_MAX && oldest !== undefined) known.delete(oldest);
  }

  /** The whole history of one Request, from its partition: slow, for what memory forgot. */
  function readHistory(request: RequestId): Promise<BoardEvent[]> {
    return coldReads.take(() => scanEvents(request));
  }

  async function scanEvents(request: RequestId): Promise<BoardEvent[]> {
    const partition = slotOfRequest(request) % ports.log.partitionCount("events");
    const history: BoardEvent[] = [];
    for await (const records of ports.log.read("events", partition)) {
      for (const record of records) {
        if (!record.ok || record.message === null || record.envelope.subject !== request) continue;
        const { sequence, id, causationId } = record.envelope;
        if (sequence === null || sequence <= (history.at(-1)?.seq ?? 0)) continue;
        history.push({ seq: sequence, id, event: record.message, causationId });
      }
    }
    return history;
  }

  /** Taken by another gateway, and by no owner yet: then only the command itself says that it exists. */
  async function scanCommands(request: RequestId): Promise<StatusView | null> {
    const partition = slotOfRequest(request) % ports.log.partitionCount("requests");
    for await (const records of ports.log.read("requests", partition)) {
      for (const record of records) {
        if (!record.ok || record.message?.type !== "SubmitRequest") continue;
        if (record.message.requestId === request) return pendingStatus(record.message);
      }
    }
    return null;
  }

  async function lookUp(request: RequestId): Promise<StatusView | null> {
    const decided = foldAll(request, await readHistory(request));
    return decided ?? coldReads.take(() => scanCommands(request));
  }

  return {
    ended,
    accepted(command) {
      if (known.has(command.requestId)) return;
      pending.set(command.requestId, pendingStatus(command));
      const oldest = pending.keys().next().value;
      if (pending.size > PENDING_KEPT_MAX && oldest !== undefined) pending.delete(oldest);
    },
    async start() {
      subscription = ports.log.follow("events", "start", (records) => {
        for (const record of records) take(record);
      });
      subscription.ended.catch(reject);
      await subscription.caughtUp;
    },
    async statusOf(request) {
      return known.get(request)?.status ?? pending.get(request) ?? lookUp(request);
    },
    async historyOf(request) {
      const kept = known.get(request);
      if (kept === undefined && pending.has(request)) return [];
      if (kept !== undefined && kept.history.length < EVENTS_KEPT_MAX) return [...kept.history];
      return readHistory(request);
    },
    knew(request, now) {
      const status = known.get(request)?.status;
      return status !== undefined && status.receivedAt < now;
    },
    decision(request, patience) {
      const { promise, resolve } = Promise.withResolvers<RequestEvent | null>();
      const earlier = known.get(request)?.history.find(({ event }) => DECIDING.has(event.type));
      if (earlier !== undefined) return Promise.resolve(earlier.event);
      const cancel = ports.clock.schedule(patience, () => resolve(null));
      const unlisten = this.listen(request, ({ event }) => {
        if (DECIDING.has(event.type) || isTerminal(event)) resolve(event);
      });
      return promise.finally(() => {
        cancel();
        unlisten();
      });
    },
    listen(request, listener) {
      const set = listeners.get(request) ?? new Set();
      listeners.set(request, set.add(listener));
      return () => {
        set.delete(listener);
        // Another set may stand there by now, where this one was emptied before.
        if (set.size === 0 && listeners.get(request) === set) listeners.delete(request);
      };
    },
    async stop() {
      await subscription?.stop();
    },
  };
}

function foldAll(request: RequestId, history: readonly BoardEvent[]): StatusView | null {
  return history.reduce<StatusView | null>(
    (view, { event, seq }) => foldStatus(view, request, event, seq),
    null,
  );
}

/** As it will be received; its first event is still to come. */
function pendingStatus(command: SubmitRequest): StatusView {
  const { requestId, terms, receivedAt } = command;
  return {
    requestId,
    sender: terms.sender,
    status: "received",
    final: false,
    receivedAt,
    dueAt: terms.notBefore,
    finishedAt: null,
    outcome: null,
    seq: 0,
    attempts: [],
    sealedUserData: terms.userData,
  };
}

/** Lets `most` actions run at a time; the others wait their turn. */
function createTurns(most: number): { take<T>(action: () => Promise<T>): Promise<T> } {
  const waiting: (() => void)[] = [];
  let running = 0;
  return {
    async take(action) {
      if (running >= most) await new Promise<void>((resolve) => void waiting.push(resolve));
      running += 1;
      try {
        return await action();
      } finally {
        running -= 1;
        waiting.shift()?.();
      }
    },
  };
}
