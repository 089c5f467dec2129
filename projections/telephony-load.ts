/** The load of every telephony server as its newest report says, and what we ourselves have promised since (J08). */
import { afterAcceptance, afterRefusal, type Eagerness, FULLY_EAGER } from "../domain/dispatch/eagerness.ts";
import type { ServerView } from "../domain/dispatch/room.ts";
import type { OfferId, ServerId } from "../domain/kernel/identifiers.ts";
import { type Instant, instant, latest } from "../domain/kernel/time.ts";
import type { OfferRejection } from "../domain/request/commands.ts";
import type { LoadReported } from "../domain/server/load.ts";

type Promised = {
  /** By our clock: an offer that nobody answered by then holds nothing. */
  readonly until: Instant;
  /** By the server's clock, when it held a port for it; null: no answer yet. */
  heldAt: Instant | null;
};

type Known = {
  report: LoadReported;
  /** When the report reached us: ages are measured by one clock, ours. */
  seenAt: Instant;
  /** Offers of this process that the report cannot know yet. */
  readonly promised: Map<OfferId, Promised>;
  /** It refused an offer since: until it reports again, its report is not believed. */
  refusedSince: boolean;
};

export type TelephonyLoad = {
  readonly servers: Map<ServerId, Known>;
  /** When anything was last heard on `load`, by our clock: a report of whomever, or a probe of our own. */
  heardAt: Instant;
  /** What refusals have taught this process about how many others want the same ports. */
  eagerness: Eagerness;
};

export function createTelephonyLoad(): TelephonyLoad {
  return { servers: new Map(), heardAt: instant(0), eagerness: FULLY_EAGER };
}

/**
 * Folds a report, in place. Within one run of a server an older report (a late delivery) is ignored. Runs are taken
 * in the log's order: the server's clock may have been set back between them.
 */
export function foldLoad(view: TelephonyLoad, report: LoadReported, seenAt: Instant): void {
  hear(view, seenAt);
  const known = view.servers.get(report.server);
  if (known === undefined) {
    view.servers.set(report.server, { report, seenAt, promised: new Map(), refusedSince: false });
    return;
  }
  if (report.startedAt === known.report.startedAt && report.at < known.report.at) return;
  known.report = report;
  known.seenAt = seenAt;
  known.refusedSince = false;
  for (const [offer, promised] of known.promised) {
    if (promised.until <= seenAt || isReported(promised, report)) known.promised.delete(offer);
  }
}

/** `load` works, whoever was heard. */
export function hear(view: TelephonyLoad, now: Instant): void {
  view.heardAt = latest(view.heardAt, now);
}

/** Both by the server's own clock: a report from after the hold counts it. */
function isReported({ heldAt }: Promised, report: LoadReported): boolean {
  return heldAt !== null && heldAt <= report.at;
}

/** An offer that left for this server counts against it until its reports do, at most until `until`. */
export function promise(view: TelephonyLoad, server: ServerId, offer: OfferId, until: Instant): void {
  view.servers.get(server)?.promised.set(offer, { until, heldAt: null });
}

/** The server holds a port for the offer since `heldAt`, by its own clock: its next report will say so. */
export function promiseHeld(
  view: TelephonyLoad,
  { server, offer, heldAt }: { readonly server: ServerId; readonly offer: OfferId; readonly heldAt: Instant },
  now: Instant,
): void {
  view.eagerness = afterAcceptance(view.eagerness, now);
  const known = view.servers.get(server);
  const promised = known?.promised.get(offer);
  if (known === undefined || promised === undefined) return;
  promised.heldAt = heldAt;
  if (isReported(promised, known.report)) known.promised.delete(offer);
}

/** The offer came to nothing. */
export function unpromise(view: TelephonyLoad, server: ServerId, offer: OfferId): void {
  view.servers.get(server)?.promised.delete(offer);
}

/** The server said no: it has less room than its report says. It is asked again once it has reported anew. */
export function refused(view: TelephonyLoad, server: ServerId, reason: OfferRejection, now: Instant): void {
  const known = view.servers.get(server);
  if (known !== undefined) known.refusedSince = true;
  view.eagerness = afterRefusal(view.eagerness, reason, now);
}

/** What servers are chosen from. */
export function* serverViews(view: TelephonyLoad): Iterable<ServerView> {
  for (const { report, seenAt, promised, refusedSince } of view.servers.values()) {
    yield {
      server: report.server,
      ports: report.ports,
      outbound: report.inUseOutbound + report.held + promised.size,
      inbound: report.inUseInbound,
      inboundReserve: report.inboundReserve,
      lastInboundAt: lastInboundSeen(report, seenAt),
      reportedAt: seenAt,
      draining: report.draining,
      mediaLatenessMs: report.mediaLatenessMs,
      refusedSince,
    };
  }
}

/** By our clock: how long before its report, by the server's own clock, the last call came in. */
function lastInboundSeen({ at, lastInboundAt }: LoadReported, seenAt: Instant): Instant | null {
  return lastInboundAt === null ? null : ((seenAt - Math.max(0, at - lastInboundAt)) as Instant);
}

/** Servers whose reports stopped this long ago (J07): their calls can no longer be seen through. */
export function silentServers(view: TelephonyLoad, now: Instant, silentForMs: number): readonly ServerId[] {
  const silent: ServerId[] = [];
  for (const [server, { seenAt }] of view.servers) if (now - seenAt > silentForMs) silent.push(server);
  return silent;
}
