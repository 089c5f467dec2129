/**
 * How many offers each telephony server may get now, by its newest report and all that limits it: what is in use,
 * held and promised, the reserve for those who call in, and the caps on outbound calls, per server and over all
 * (F06). A server's own admission has the last word; this only keeps us from asking in vain.
 */
import type { ServerId } from "../kernel/identifiers.ts";
import type { Instant } from "../kernel/time.ts";

/** A server as a dispatcher sees it just now. */
export type ServerView = {
  readonly server: ServerId;
  readonly ports: number;
  /** Outbound calls, ports held for offers, and what was promised since the report. */
  readonly outbound: number;
  readonly inbound: number;
  /** The server's own setting. */
  readonly inboundReserve: number;
  readonly lastInboundAt: Instant | null;
  readonly reportedAt: Instant;
  readonly draining: boolean;
  readonly mediaLatenessMs: number;
  /** It refused us since its report: what the report says is no longer so. */
  readonly refusedSince: boolean;
};

export type RoomLimits = {
  /** Outbound calls at most, in percent of the ports of all servers that report. */
  readonly loadPercentMax: number;
  /** … and of each server's own ports. */
  readonly serverLoadPercentMax: number;
  /** Ports of each server that are left to callers; its own setting counts where it is higher. */
  readonly inboundReserve: number;
};

/** Ports that offers can have, per server; only servers that have any. */
export type Room = { readonly server: ServerId; readonly ports: number };

/** Older reports are not believed (J07). */
const REPORT_AGE_MS_MAX = 5_000;
/** Servers that send media later than this get no more. */
const MEDIA_LATENESS_MS_MAX = 10;
/** An incoming call this recent makes a nearly full server a bad choice (J11). */
const GLARE_WINDOW_MS = 2_000;

const isHeard = (view: ServerView, now: Instant): boolean => now - view.reportedAt <= REPORT_AGE_MS_MAX;

/** How many ports of `ports` make `percent` of them; at least none, at most all. */
export function shareOf(ports: number, percent: number): number {
  return Math.min(ports, Math.max(0, Math.floor((ports * percent) / 100)));
}

function portsOf(view: ServerView, limits: RoomLimits, now: Instant): number {
  if (view.draining || view.refusedSince || view.mediaLatenessMs > MEDIA_LATENESS_MS_MAX) return 0;
  const reserve = Math.max(view.inboundReserve, limits.inboundReserve);
  const free = view.ports - view.outbound - view.inbound - reserve;
  const inboundRecent = view.lastInboundAt !== null && now - view.lastInboundAt < GLARE_WINDOW_MS;
  if (inboundRecent && free <= reserve) return 0;
  return Math.min(free, shareOf(view.ports, limits.serverLoadPercentMax) - view.outbound);
}

export type Rooms = {
  readonly servers: readonly Room[];
  /** Offers that all servers together may get. */
  readonly total: number;
};

/** Room on every server that is heard. `now` by the clock that `reportedAt` was taken from. */
export function roomsOf(views: Iterable<ServerView>, limits: RoomLimits, now: Instant): Rooms {
  const heard = [...views].filter((view) => isHeard(view, now));
  const servers = heard
    .map((view) => ({ server: view.server, ports: portsOf(view, limits, now) }))
    .filter(({ ports }) => ports > 0);
  const sum = (of: (view: ServerView) => number): number => heard.reduce((all, view) => all + of(view), 0);
  const cap =
    shareOf(
      sum(({ ports }) => ports),
      limits.loadPercentMax,
    ) - sum(({ outbound }) => outbound);
  const free = servers.reduce((all, { ports }) => all + ports, 0);
  return { servers, total: Math.max(0, Math.min(cap, free)) };
}

/** The rooms after one more offer to `server`. */
export function withOffer({ servers, total }: Rooms, server: ServerId): Rooms {
  const left = servers.map((room) => (room.server === server ? { ...room, ports: room.ports - 1 } : room));
  return { servers: left.filter(({ ports }) => ports > 0), total: total - 1 };
}
