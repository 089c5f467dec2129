/**
 * Which telephony server gets an offer: a draw weighted by free ports (J09). Many dispatchers with load reports
 * up to a second old make the same choice of "the least loaded" and bury it; a weighted draw spreads them as
 * the free ports are spread, without any talk between dispatchers (J10). Each server's own admission remains
 * what protects its ports.
 */
import type { ServerId } from "../kernel/identifiers.ts";
import type { Instant } from "../kernel/time.ts";

/** A server as a dispatcher sees it just now. */
export type ServerView = {
  readonly server: ServerId;
  /** Ports that an offer could still get: not in use, not held, not reserved, not promised by us since. */
  readonly free: number;
  readonly reportedAt: Instant;
  readonly lastInboundAt: Instant | null;
  readonly inboundReserve: number;
  readonly draining: boolean;
  readonly mediaLatenessMs: number;
};

export type ChoiceLimits = {
  /** Older reports are not believed (J07). */
  readonly reportAgeMsMax: number;
  /** Servers that send media later than this get no more. */
  readonly mediaLatenessMsMax: number;
  /** An incoming call this recent makes a nearly full server a bad choice (J11). */
  readonly glareWindowMs: number;
};

const CHOICE_LIMITS: ChoiceLimits = {
  reportAgeMsMax: 5_000,
  mediaLatenessMsMax: 10,
  glareWindowMs: 2_000,
};

/** Ports that count in the draw; a nearly full server that just got an incoming call counts for none. */
function weight(view: ServerView, now: Instant, limits: ChoiceLimits): number {
  if (view.draining || now - view.reportedAt > limits.reportAgeMsMax) return 0;
  if (view.mediaLatenessMs > limits.mediaLatenessMsMax) return 0;
  const inboundRecent = view.lastInboundAt !== null && now - view.lastInboundAt < limits.glareWindowMs;
  if (inboundRecent && view.free <= view.inboundReserve) return 0;
  return Math.max(0, view.free);
}

/** Picks where to offer a Request; null when every server is full or silent. `draw` is uniform in [0, 1). */
export function chooseServer(
  servers: Iterable<ServerView>,
  draw: number,
  now: Instant,
  limits: ChoiceLimits = CHOICE_LIMITS,
): ServerId | null {
  const weighted = [...servers].map((view) => ({ server: view.server, ports: weight(view, now, limits) }));
  const total = weighted.reduce((sum, { ports }) => sum + ports, 0);
  let left = draw * total;
  for (const { server, ports } of weighted) {
    left -= ports;
    if (left < 0) return server;
  }
  return null;
}
