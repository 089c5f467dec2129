/**
 * Which telephony server gets an offer. The scheme is the Receiver's choice, at run time (F05, J12):
 *
 * - "low-load": a draw weighted by free ports (J09). Many dispatchers with load reports up to a second old make
 *   the same choice of "the least loaded" and bury it; a weighted draw spreads them as the free ports are spread,
 *   without any talk between dispatchers (J10).
 * - "round-robin": one after the other, whoever has room.
 * - "combination": turns in proportion to free ports: the smoothness of the round, the justice of the draw.
 *
 * Compared in docs/benchmarks.md (`bench/spread.ts`); reasons in decision 0011.
 */
import type { ServerId } from "../kernel/identifiers.ts";
import { chooseByCredit } from "./combination.ts";
import type { Room } from "./room.ts";
import { chooseNext } from "./round-robin.ts";

export const CHOICE_SCHEMES = ["low-load", "round-robin", "combination"] as const;
export type ChoiceScheme = (typeof CHOICE_SCHEMES)[number];

/** Whose turn it was: what a scheme remembers from one choice to the next. */
export type Rotation = {
  readonly last: ServerId | null;
  /** Turns owed, per server. */
  readonly credits: ReadonlyMap<ServerId, number>;
};

export const NO_ROTATION: Rotation = { last: null, credits: new Map() };

export type Chosen = { readonly server: ServerId; readonly rotation: Rotation };

/** Picks where to offer a Request; null when no server has room. `draw` is uniform in [0, 1). */
export function chooseServer(
  scheme: ChoiceScheme,
  rooms: readonly Room[],
  rotation: Rotation,
  draw: number,
): Chosen | null {
  switch (scheme) {
    case "low-load": {
      const server = drawByRoom(rooms, draw);
      return server === null ? null : { server, rotation };
    }
    case "round-robin": {
      const server = chooseNext(rooms, rotation.last, draw);
      return server === null ? null : { server, rotation: { ...rotation, last: server } };
    }
    case "combination": {
      const chosen = chooseByCredit(rooms, rotation.credits, draw);
      if (chosen === null) return null;
      return { server: chosen.server, rotation: { ...rotation, credits: chosen.credits } };
    }
    default:
      return scheme satisfies never;
  }
}

/** A server, as often as its share of all free ports says. */
function drawByRoom(rooms: readonly Room[], draw: number): ServerId | null {
  let left = draw * rooms.reduce((sum, { ports }) => sum + ports, 0);
  for (const { server, ports } of rooms) {
    left -= ports;
    if (left < 0) return server;
  }
  return null;
}
