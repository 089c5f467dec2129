/**
 * I3 rests on it: what a server holds is given up only if nobody can tell the end of it. Either the server could not
 * be heard for as long as it takes to doubt it, or the run of it that took the offer is over.
 */
import type { OfferId, ServerId } from "../../domain/kernel/identifiers.ts";
import type { RequestEvent } from "../../domain/request/events.ts";
import type { Evidence, History, Silence } from "./evidence.ts";
import type { Report } from "./violation.ts";

/**
 * From the last moment of a server's silence to the word that it is gone: half of the time that it takes to doubt it
 * (5 s), a look (1 s), an owner that was itself stopped for a moment (3 s), the slowest delivery and a connection
 * that is taken up again (3.5 s), a commit.
 */
const GONE_AFTER_MS_MAX = 13_000;
/** What is written may take this long to arrive. */
const DELIVERY_MS = 500;

type Period = { readonly from: number; readonly until: number };
type Gone = { readonly server: ServerId; readonly offer: OfferId };

function goneIn(message: RequestEvent | null): Gone | null {
  if (message?.type === "CallLost") return message.how === "server-gone" ? message : null;
  if (message?.type === "DispatchRejected") return message.reason === "server-gone" ? message : null;
  return null;
}

const meets = (one: Period, other: Period): boolean => one.from <= other.until && other.from <= one.until;

/** Periods without a report of this server, by the log. */
function gapsOf({ store }: Evidence, server: ServerId): readonly Period[] {
  const reported = store.all("load").flatMap(({ message, at }) => (message?.server === server ? [at] : []));
  const starts = [0, ...reported];
  return starts.map((from, index) => ({ from, until: starts[index + 1] ?? Number.MAX_SAFE_INTEGER }));
}

function wasUnheard(evidence: Evidence, silences: readonly Silence[], server: ServerId, at: number): boolean {
  const lately = { from: at - GONE_AFTER_MS_MAX, until: at };
  const { serverSilentMs, boardDelayMs } = evidence;
  if (serverSilentMs === undefined) return silences.some((silence) => meets(silence, lately));
  const leastMs = serverSilentMs - (boardDelayMs ?? DELIVERY_MS);
  return gapsOf(evidence, server)
    .filter((gap) => meets(gap, lately) && Math.min(gap.until, at) - gap.from >= leastMs)
    .some((gap) => silences.some((silence) => meets(silence, gap)));
}

/** Its next run has been heard for a while, and what it remembers of this offer would have been told by now. */
function hasRunEnded(evidence: Evidence, silences: readonly Silence[], since: number, at: number): boolean {
  return silences.some(
    ({ ended, from, until }) =>
      ended !== false && from >= since && until + (evidence.serverSilentMs ?? 0) <= at,
  );
}

export function checkGone(evidence: Evidence, history: History, report: Report): void {
  for (const { message, at } of history) {
    const gone = goneIn(message);
    if (gone === null) continue;
    const silences = evidence.truth.silences.filter(({ server }) => server === gone.server);
    if (wasUnheard(evidence, silences, gone.server, at)) continue;
    if (hasRunEnded(evidence, silences, offeredAt(history, gone.offer) ?? at, at)) continue;
    report("I3", `${gone.server} was declared gone while it could be heard`);
  }
}

function offeredAt(history: History, offer: OfferId): number | null {
  return history.find(({ message }) => message?.type === "Dispatched" && message.offer === offer)?.at ?? null;
}
