/** What a Sender may ask about its own Requests. Another Sender's are as unknown as those that never were. */
import type { RequestId, SenderId } from "../domain/kernel/identifiers.ts";
import { parseSealed } from "../domain/kernel/sealed.ts";
import { formatInstant, type Instant } from "../domain/kernel/time.ts";
import type { Verdict } from "../domain/policy/verdict.ts";
import type { Keyring } from "../domain/ports/keyring.ts";
import type { Explanation, HistoryEvent, Queries, RequestStatus } from "../domain/ports/queries.ts";
import { isTerminal, RECEIVER, type RequestEvent } from "../domain/request/events.ts";
import { foldStatus, type StatusView } from "../projections/request-status.ts";
import type { BoardEvent, RequestBoard } from "./request-board.ts";

export const ERASED = "(erased)";
/** Events waiting for a slow watcher; beyond it the watch ends, and the reader comes back with its last id. */
export const WATCH_BACKLOG_MAX = 1_000;

export function createQueries(ports: {
  readonly board: RequestBoard;
  readonly keyring: Pick<Keyring, "open">;
}): Queries {
  const { board } = ports;

  async function ownStatus(sender: SenderId, request: RequestId): Promise<StatusView | null> {
    const view = await board.statusOf(request);
    return view === null || view.sender !== sender ? null : view;
  }

  async function openText(text: string): Promise<string> {
    const sealed = parseSealed(text);
    return sealed === null ? text : ((await ports.keyring.open(sealed)) ?? ERASED);
  }

  async function publish(view: StatusView): Promise<RequestStatus> {
    const { sealedUserData, ...rest } = view;
    return { ...rest, userData: sealedUserData === null ? null : await openText(sealedUserData) };
  }

  /** Opens what the Sender itself gave or asked for; the number stays sealed, its Sender knows it. */
  async function shown(request: RequestId, event_: BoardEvent): Promise<HistoryEvent> {
    const { seq, event, causationId } = event_;
    return { id: `evt_${request}_${seq}`, seq, at: event.at, event: await opened(event), causationId };
  }

  async function opened(event: RequestEvent): Promise<RequestEvent> {
    if (event.type === "InputCollected")
      return { ...event, value: (await openText(event.value)) as typeof event.value };
    if (event.type === "CallCompleted" && event.exit !== null) {
      return { ...event, exit: (await openText(event.exit)) as typeof event.exit };
    }
    return event;
  }

  return {
    async status(sender, request) {
      const view = await ownStatus(sender, request);
      return view === null ? null : publish(view);
    },
    async statusAsOf(sender, request, at) {
      const view = await ownStatus(sender, request);
      if (view === null || view.receivedAt > at) return null;
      const history = await board.historyOf(request);
      // Taken in, and no owner has written an event of it yet: then it stands where it stood.
      if (history.length === 0) return publish(view);
      const then = foldUntil(request, history, at);
      return then === null ? null : publish(then);
    },
    async history(sender, request) {
      if ((await ownStatus(sender, request)) === null) return null;
      return Promise.all((await board.historyOf(request)).map((event) => shown(request, event)));
    },
    async explain(sender, request): Promise<Explanation | null> {
      const view = await ownStatus(sender, request);
      if (view === null) return null;
      const history = await board.historyOf(request);
      const checks = history.flatMap(({ seq, event }) =>
        "verdicts" in event && event.verdicts.length > 0
          ? [{ seq, at: event.at, verdicts: event.verdicts }]
          : [],
      );
      return { requestId: request, status: view.status, summary: summaryOf(view, history, checks), checks };
    },
    async *watch(sender, request, afterSeq, signal) {
      if ((await ownStatus(sender, request)) === null) return;
      const live = listenBounded(board, request, signal);
      let last = afterSeq;
      try {
        for (const event of await board.historyOf(request)) {
          if (signal.aborted) return;
          if (event.seq > last) yield await shown(request, event);
          last = Math.max(last, event.seq);
          // Also where the watcher knows it already: nothing more will come.
          if (isTerminal(event.event)) return;
        }
        for await (const event of live.events()) {
          if (event.seq <= last) continue;
          last = event.seq;
          yield await shown(request, event);
          if (isTerminal(event.event)) return;
        }
      } finally {
        live.stop();
      }
    },
  };
}

/** The fold of the events up to `at`, and of those that came before one of them, whatever their clock said. */
function foldUntil(request: RequestId, history: readonly BoardEvent[], at: Instant): StatusView | null {
  const last = history.findLastIndex(({ event }) => event.at <= at);
  return history
    .slice(0, last + 1)
    .reduce<StatusView | null>((view, { event, seq }) => foldStatus(view, request, event, seq), null);
}

type Live = { events(): AsyncGenerator<BoardEvent>; stop(): void };

/** New events of a Request from now on, ending at the signal, or once more than `WATCH_BACKLOG_MAX` have waited. */
function listenBounded(board: RequestBoard, request: RequestId, signal: AbortSignal): Live {
  const queue: BoardEvent[] = [];
  let overflowed = false;
  let wake: (() => void) | null = null;
  const unlisten = board.listen(request, (event) => {
    // What is missing from the queue must not be skipped: from here on nothing is queued any more.
    overflowed ||= queue.length >= WATCH_BACKLOG_MAX;
    if (!overflowed) queue.push(event);
    wake?.();
  });
  const onAbort = (): void => wake?.();
  signal.addEventListener("abort", onAbort, { once: true });
  return {
    async *events() {
      while (!signal.aborted) {
        const next = queue.shift();
        if (next !== undefined) yield next;
        else if (overflowed) return;
        else await new Promise<void>((resolve) => (wake = resolve));
      }
    },
    stop() {
      unlisten();
      signal.removeEventListener("abort", onAbort);
    },
  };
}

function reasonOf(verdicts: readonly Verdict[], says: Verdict["says"]): string {
  const reasons = verdicts.flatMap((verdict) =>
    verdict.says === says && verdict.reason !== null ? [verdict.reason] : [],
  );
  return reasons.length === 0 ? "no reason kept" : reasons.join(", ");
}

function lastRefusal(history: readonly BoardEvent[]): string {
  const refused = history.findLast(({ event }) => event.type === "DispatchRejected")?.event;
  return refused?.type === "DispatchRejected" ? ` The last offer was refused: ${refused.reason}.` : "";
}

/** One sentence for a person: what it waits for, or why it ended. */
function summaryOf(
  view: StatusView,
  history: readonly BoardEvent[],
  checks: readonly { readonly verdicts: readonly Verdict[] }[],
): string {
  const verdicts = checks.at(-1)?.verdicts ?? [];
  const due = view.dueAt === null ? "" : formatInstant(view.dueAt);
  switch (view.status) {
    case "received":
      return "Received; the policy checks have not run yet.";
    case "rejected":
      return `Refused by policy: ${reasonOf(verdicts, "refuse")}.`;
    case "scheduled":
      return `Waits until ${due}${verdicts.some(({ says }) => says === "wait") ? ` (${reasonOf(verdicts, "wait")})` : " as asked"}.`;
    case "queued":
      return `Every check allows the call; it waits for a free port.${lastRefusal(history)}`;
    case "dispatched":
      return "Offered to a telephony server, which has not answered yet.";
    case "accepted":
      return "A telephony server has a port for it and is about to call.";
    case "calling":
      return "The call is being placed.";
    case "in-call":
      return "The Customer has answered and the dialog runs.";
    case "retry-scheduled":
      return `The last call did not succeed (${view.attempts.at(-1)?.outcome ?? "unknown"}); the next is due at ${due}.`;
    case "completed":
      return "The call took place and the dialog ended as it should.";
    case "failed":
      return `Given up after ${view.attempts.length} calls: ${view.outcome ?? "unknown"}.`;
    case "expired":
      return `The deadline passed: ${view.outcome ?? "unknown"}.`;
    case "cancelled":
      return history.some(({ event }) => event.type === "CancelRequested" && event.by === RECEIVER)
        ? "Taken back by the Receiver: the Customer was erased."
        : "Taken back by the Sender.";
    default:
      return view.status satisfies never;
  }
}
