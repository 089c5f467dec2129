/**
 * The ports of one telephony server. A port is a channel that takes calls in either direction (I02); the table
 * lives in one thread, the first to come wins, and there are no locks. Outbound takes the highest free port and
 * inbound the lowest, so that both meet only when the server is nearly full (glare, J11).
 */
import type { OfferId } from "../kernel/identifiers.ts";
import type { Instant } from "../kernel/time.ts";

export type PortUse =
  | { readonly is: "held"; readonly offer: OfferId; readonly since: Instant; readonly until: Instant }
  | { readonly is: "outbound"; readonly offer: OfferId; readonly since: Instant }
  | { readonly is: "inbound"; readonly inboundId: string; readonly since: Instant };

export type PortTable = {
  /** Ports 1 … capacity. */
  readonly capacity: number;
  /** Ports that offers cannot take. */
  readonly inboundReserve: number;
  readonly inUse: ReadonlyMap<number, PortUse>;
  readonly lastInboundAt: Instant | null;
  readonly lastFullToFreeAt: Instant | null;
  /** Incoming calls that met a port promised to an offer. */
  readonly glare: number;
};

export function createPortTable(capacity: number, inboundReserve: number): PortTable {
  return {
    capacity,
    inboundReserve,
    inUse: new Map(),
    lastInboundAt: null,
    lastFullToFreeAt: null,
    glare: 0,
  };
}

export function freePorts(table: PortTable): number {
  return table.capacity - table.inUse.size;
}

export function countUse(table: PortTable, is: PortUse["is"]): number {
  let count = 0;
  for (const use of table.inUse.values()) if (use.is === is) count += 1;
  return count;
}

export function portOfOffer(table: PortTable, offer: OfferId): number | null {
  for (const [port, use] of table.inUse) if (use.is !== "inbound" && use.offer === offer) return port;
  return null;
}

/** When the hold for this offer runs out; null when it holds no port. */
export function heldUntil(table: PortTable, offer: OfferId): Instant | null {
  const use = table.inUse.get(portOfOffer(table, offer) ?? 0);
  return use?.is === "held" ? use.until : null;
}

function withUse(table: PortTable, port: number, use: PortUse): PortTable {
  return { ...table, inUse: new Map(table.inUse).set(port, use) };
}

function highestFree(table: PortTable): number | null {
  for (let port = table.capacity; port >= 1; port -= 1) if (!table.inUse.has(port)) return port;
  return null;
}

function lowestFree(table: PortTable): number | null {
  for (let port = 1; port <= table.capacity; port += 1) if (!table.inUse.has(port)) return port;
  return null;
}

/** Holds a port for an offer. Null when none is free (the caller has checked the reserve). */
export function holdPort(
  table: PortTable,
  hold: { readonly offer: OfferId; readonly now: Instant; readonly until: Instant },
): { readonly table: PortTable; readonly port: number } | null {
  const port = highestFree(table);
  if (port === null) return null;
  const use: PortUse = { is: "held", offer: hold.offer, since: hold.now, until: hold.until };
  return { table: withUse(table, port, use), port };
}

/** The grant came: the held port now carries the call. Null when there is no hold. */
export function seizeHeld(
  table: PortTable,
  offer: OfferId,
  now: Instant,
): { readonly table: PortTable; readonly port: number } | null {
  const port = portOfOffer(table, offer);
  if (port === null || table.inUse.get(port)?.is !== "held") return null;
  return { table: withUse(table, port, { is: "outbound", offer, since: now }), port };
}

export type InboundSeizure = {
  readonly table: PortTable;
  readonly port: number;
  /** The offer whose hold had to give way; null when a port was free. */
  readonly withdrawn: OfferId | null;
};

/**
 * A port for an incoming call. When only held ones are left the caller at the other end wins over an offer that
 * has no grant yet: the offer can go elsewhere, the caller cannot. Null when every port carries a call.
 */
export function seizeInbound(table: PortTable, inboundId: string, now: Instant): InboundSeizure | null {
  const use: PortUse = { is: "inbound", inboundId, since: now };
  const marked: PortTable = { ...table, lastInboundAt: now };
  const free = lowestFree(table);
  if (free !== null) return { table: withUse(marked, free, use), port: free, withdrawn: null };
  for (const [port, held] of table.inUse) {
    if (held.is !== "held") continue;
    const next = withUse({ ...marked, glare: table.glare + 1 }, port, use);
    return { table: next, port, withdrawn: held.offer };
  }
  return null;
}

/** The port is free again; harmless when it already was. */
export function releasePort(table: PortTable, port: number, now: Instant): PortTable {
  if (!table.inUse.has(port)) return table;
  const inUse = new Map(table.inUse);
  inUse.delete(port);
  const wasFull = table.inUse.size === table.capacity;
  return { ...table, inUse, lastFullToFreeAt: wasFull ? now : table.lastFullToFreeAt };
}

/** Holds whose grant did not come in time (I16: no port leaks). */
export function expiredHolds(table: PortTable, now: Instant): readonly { port: number; offer: OfferId }[] {
  const expired: { port: number; offer: OfferId }[] = [];
  for (const [port, use] of table.inUse) {
    if (use.is === "held" && use.until <= now) expired.push({ port, offer: use.offer });
  }
  return expired;
}
