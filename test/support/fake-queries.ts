import { setImmediate as nextTurn } from "node:timers/promises";
import type { RequestId, SenderId } from "../../domain/kernel/identifiers.ts";
import { instant } from "../../domain/kernel/time.ts";
import type { HistoryEvent, Queries, RequestStatus } from "../../domain/ports/queries.ts";

export type FakeQueries = Queries & {
  /** Adds the next event of a Request; `final` says that it was the last. */
  happen(owner: SenderId, request: RequestId, final?: boolean): void;
  /** Watchers that have not ended. */
  watching: number;
  /** Bytes of padding in every further event. */
  paddingBytes: number;
};

type Known = { readonly owner: SenderId; readonly events: HistoryEvent[]; final: boolean };

export function createFakeQueries(): FakeQueries {
  const requests = new Map<RequestId, Known>();
  const bell = new EventTarget();

  function of(sender: SenderId, request: RequestId): Known | null {
    const known = requests.get(request);
    return known?.owner === sender ? known : null;
  }

  const fake: FakeQueries = {
    watching: 0,
    paddingBytes: 0,
    happen(owner, request, final = false) {
      const known = requests.get(request) ?? { owner, events: [], final: false };
      requests.set(request, known);
      known.events.push(eventNumber(known.events.length + 1, request, fake.paddingBytes));
      known.final = final;
      bell.dispatchEvent(new Event("ring"));
    },
    async status(sender, request) {
      const known = of(sender, request);
      return known === null ? null : statusOf(known, request);
    },
    async statusAsOf(sender, request, at) {
      const known = of(sender, request);
      const events = known?.events.filter((event) => event.at <= at) ?? [];
      return known === null || events.length === 0
        ? null
        : statusOf({ ...known, events, final: false }, request);
    },
    async history(sender, request) {
      return of(sender, request)?.events ?? null;
    },
    async explain(sender, request) {
      if (of(sender, request) === null) return null;
      return { requestId: request, status: "queued", summary: "It waits for a free port.", checks: [] };
    },
    async *watch(sender, request, afterSeq, signal) {
      fake.watching += 1;
      try {
        for (let seq = afterSeq; !signal.aborted; ) {
          const known = of(sender, request);
          const next = known?.events[seq];
          if (next !== undefined) {
            seq += 1;
            yield next;
          } else if (known?.final === true) return;
          else await rung(bell, signal);
        }
      } finally {
        fake.watching -= 1;
      }
    },
  };
  return fake;
}

async function rung(bell: EventTarget, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const ring = (): void => resolve();
  bell.addEventListener("ring", ring, { once: true });
  signal.addEventListener("abort", ring, { once: true });
  await promise;
  await nextTurn();
}

function eventNumber(seq: number, request: RequestId, paddingBytes: number): HistoryEvent {
  const fact = seq === 1 ? "first" : "x".repeat(paddingBytes);
  return {
    id: `evt_${request}_${seq}`,
    seq,
    at: instant(1_795_000_000_000 + seq),
    event: { type: "FactIgnored", at: instant(1_795_000_000_000 + seq), fact, reason: "a fake" },
    causationId: null,
  };
}

function statusOf(known: Known, requestId: RequestId): RequestStatus {
  return {
    requestId,
    sender: known.owner,
    status: known.final ? "completed" : "queued",
    final: known.final,
    receivedAt: instant(1_795_000_000_000),
    dueAt: null,
    finishedAt: null,
    outcome: null,
    seq: known.events.length,
    attempts: [],
    userData: "order 7",
  };
}
