/** The load of every telephony server as its newest report says, and what we ourselves have promised since (J08). */

import type { ServerView } from "../domain/dispatch/choose-server.ts";
import type { OfferId, ServerId } from "../domain/kernel/identifiers.ts";
import type { Instant } from "../domain/kernel/time.ts";
import type { LoadReported } from "../domain/server/load.ts";

type Known = {
  report: LoadReported;
  /** When the report reached us: ages are measured by one clock, ours. */
  seenAt: Instant;
  /** Offers of this process that the report cannot know yet. */
  readonly promised: Map<OfferId, Instant>;
};

export type TelephonyLoad = { readonly servers: Map<ServerId, Known> };

export function createTelephonyLoad(): TelephonyLoad {
  return { servers: new Map() };
}

/**
 * Folds a report, in place. Within one run of a server an older report (a late delivery) is ignored. Runs are taken
 * in the log's order: the server's clock may have been set back between them.
 */
export function foldLoad(view: TelephonyLoad, report: LoadReported, seenAt: Instant): void {
  const known = view.servers.get(report.server);
  if (known === undefined) {
    view.servers.set(report.server, { report, seenAt, promised: new Map() });
    return;
  }
  if (report.startedAt === known.report.startedAt && report.at < known.report.at) return;
  known.report = report;
  known.seenAt = seenAt;
  // An offer made before the report was written may already be counted in it as held.
  for (const [offer, at] of known.promised) if (at < report.at) known.promised.delete(offer);
}

/** An offer that left for this server counts against it until its next report. */
export function promise(view: TelephonyLoad, server: ServerId, offer: OfferId, now: Instant): void {
  view.servers.get(server)?.promised.set(offer, now);
}

/** The offer came to nothing. */
export function unpromise(view: TelephonyLoad, server: ServerId, offer: OfferId): void {
  view.servers.get(server)?.promised.delete(offer);
}

/** What `chooseServer` draws from. */
export function* serverViews(view: TelephonyLoad): Iterable<ServerView> {
  for (const { report, seenAt, promised } of view.servers.values()) {
    const taken = report.inUseOutbound + report.inUseInbound + report.held + report.inboundReserve;
    yield {
      server: report.server,
      free: report.ports - taken - promised.size,
      reportedAt: seenAt,
      lastInboundAt: report.lastInboundAt,
      inboundReserve: report.inboundReserve,
      draining: report.draining,
      mediaLatenessMs: report.mediaLatenessMs,
    };
  }
}

/** Servers whose reports stopped this long ago (J07): their calls can no longer be seen through. */
export function silentServers(view: TelephonyLoad, now: Instant, silentForMs: number): readonly ServerId[] {
  const silent: ServerId[] = [];
  for (const [server, { seenAt }] of view.servers) if (now - seenAt > silentForMs) silent.push(server);
  return silent;
}
