import type { ServerId } from "../kernel/identifiers.ts";
import type { Room } from "./room.ts";

export type ByCredit = { readonly server: ServerId; readonly credits: ReadonlyMap<ServerId, number> };

/**
 * Turns in proportion to free ports, as evenly as they can be taken: at each choice every server earns a credit
 * for each free port, the richest is chosen and pays what all of them earned (the smooth weighted round robin of
 * nginx). A server that is new here begins with a drawn part of its ports, or every dispatcher would begin at the
 * same one. Null when none has room.
 */
export function chooseByCredit(
  rooms: readonly Room[],
  credits: ReadonlyMap<ServerId, number>,
  draw: number,
): ByCredit | null {
  const total = rooms.reduce((sum, { ports }) => sum + ports, 0);
  const earned = rooms.map(({ server, ports }, index) => ({
    server,
    credit: (credits.get(server) ?? ports * firstShare(draw, index)) + ports,
  }));
  const [first, ...others] = earned;
  if (first === undefined) return null;
  const richest = others.reduce((best, next) => (next.credit > best.credit ? next : best), first);
  // Only of servers with room: who had none is new again when it has, so that no old debt or wealth counts.
  const next = new Map(earned.map(({ server, credit }) => [server, credit]));
  next.set(richest.server, richest.credit - total);
  return { server: richest.server, credits: next };
}

const GOLDEN_RATIO = 0.618_033_988_749_895;

/** One draw, spread over many servers: in [0, 1), far apart from one server to the next. */
function firstShare(draw: number, index: number): number {
  return (draw + index * GOLDEN_RATIO) % 1;
}
