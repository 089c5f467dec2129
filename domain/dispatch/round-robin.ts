import type { ServerId } from "../kernel/identifiers.ts";
import type { Room } from "./room.ts";

/**
 * The server after the last one, in the order of their names; null when none has room. The first of all is drawn,
 * or every dispatcher would begin at the same one.
 */
export function chooseNext(rooms: readonly Room[], last: ServerId | null, draw: number): ServerId | null {
  const names = rooms.map(({ server }) => server).toSorted();
  if (last === null) return names[Math.floor(draw * names.length)] ?? null;
  return names.find((name) => name > last) ?? names[0] ?? null;
}
