import { instant } from "../../domain/kernel/time.ts";
import type { Durable } from "../../domain/ports/durable.ts";

/** The journal's own proof: the only place of this folder that makes one, called after a sync. */
export function durableAt(millisecondsSinceEpoch: number): Durable {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the brand has no other door
  return { at: instant(millisecondsSinceEpoch) } as Durable;
}
