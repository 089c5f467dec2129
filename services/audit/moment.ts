/**
 * How things stood at a moment: the fold of everything that had happened by then, by the times of the events
 * themselves, and of nothing that came later. When the house learned of it is another question.
 */
import { type CustomerKey, parseRequestId, type RequestId } from "../../domain/kernel/identifiers.ts";
import type { Instant } from "../../domain/kernel/time.ts";
import type {
  AuditSelection,
  Moment,
  OnProgress,
  OpenRequestThen,
  RuleThen,
} from "../../domain/ports/audit.ts";
import type { Delivered, EventLog } from "../../domain/ports/event-log.ts";
import type { RequestEvent } from "../../domain/request/events.ts";
import { evolve, NO_REQUEST, type RequestState } from "../../domain/request/state.ts";
import { foldStatus, type StatusView } from "../../projections/request-status.ts";
import { readHistory } from "./history.ts";

/** Requests that are listed one by one; of more, the numbers say how many there were. */
export const LISTED_MAX = 1_000;

type Open = {
  readonly customer: CustomerKey;
  state: RequestState;
  status: StatusView;
  lastAt: Instant;
  rules: readonly RuleThen[];
};
type Tally = {
  readonly open: Map<RequestId, Open>;
  readonly counts: Map<string, number>;
  /** Of the newest check of anything: which rules it was judged by. */
  rules: readonly RuleThen[];
};

/** `selection.to` is not looked at: the moment itself is where the fold ends. */
export async function readMoment(
  log: Pick<EventLog, "read" | "partitionCount">,
  asked: { readonly selection: AuditSelection; readonly at: Instant; readonly onProgress: OnProgress },
): Promise<Moment> {
  const { selection, at, onProgress } = asked;
  const tally: Tally = { open: new Map(), counts: new Map(), rules: [] };
  for await (const record of readHistory(log, { ...selection, from: null, to: null }, onProgress)) {
    if (record.ok && record.message !== null && record.message.at <= at)
      takeRecord(tally, record, selection.request !== null);
  }
  const listed = [...tally.open].map(([request, open]) => describe(request, open));
  for (const { status } of listed) if (!isFinal(status)) count(tally, status);
  return {
    at,
    counts: Object.fromEntries([...tally.counts].toSorted(([one], [other]) => (one < other ? -1 : 1))),
    requests: listed.slice(0, LISTED_MAX),
    leftOut: Math.max(0, listed.length - LISTED_MAX),
    rules: tally.rules,
  };
}

const FINAL: ReadonlySet<string> = new Set(["completed", "failed", "expired", "cancelled", "rejected"]);
const isFinal = (status: string): boolean => FINAL.has(status);

/** Folds one event, in place. What is over is counted and let go, unless it is what was asked for. */
function takeRecord(
  tally: Tally,
  record: Extract<Delivered<"events">, { ok: true }>,
  keepOver: boolean,
): void {
  const request = parseRequestId(record.envelope.subject ?? "");
  const { message } = record;
  const seq = record.envelope.sequence;
  if (request === null || seq === null || message === null) return;
  const rules = rulesOf(message);
  if (rules.length > 0) tally.rules = rules;
  const before = tally.open.get(request);
  const status = foldStatus(before?.status ?? null, request, message, seq);
  if (status === null || (before !== undefined && seq <= before.status.seq)) return;
  const state = evolve(before?.state ?? NO_REQUEST, message);
  const customer = before?.customer ?? (message.type === "RequestReceived" ? message.terms.customer : null);
  if (customer === null) return;
  const open: Open = {
    customer,
    state,
    status,
    lastAt: message.at,
    rules: rules.length > 0 ? rules : (before?.rules ?? []),
  };
  if (isFinal(status.status) && !(before !== undefined && isFinal(before.status.status)))
    count(tally, status.status);
  if (isFinal(status.status) && !keepOver) tally.open.delete(request);
  else tally.open.set(request, open);
}

function count(tally: Tally, status: string): void {
  tally.counts.set(status, (tally.counts.get(status) ?? 0) + 1);
}

/** The rules that the checks of an event were made by. */
function rulesOf(event: RequestEvent): readonly RuleThen[] {
  if (!("verdicts" in event)) return [];
  return event.verdicts.map(({ check, setBy, rule, says }) => ({ check, setBy, rule, says }));
}

function describe(request: RequestId, { customer, state, status, lastAt, rules }: Open): OpenRequestThen {
  const held = state.phase === "offered" || state.phase === "calling" ? state : null;
  return {
    request,
    customer,
    sender: status.sender,
    status: status.status,
    seq: status.seq,
    since: lastAt,
    dueAt: status.dueAt,
    outcome: status.outcome,
    calls: status.attempts,
    server: held?.server ?? null,
    offer: held?.offer ?? null,
    rules,
  };
}
