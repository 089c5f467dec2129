/** A transaction that the log broke: the half that is there must do. */
import type { Outputs } from "../../domain/ports/event-log.ts";
import type { LogWorld } from "./log-world.ts";
import type { Batch } from "./sim-store.ts";

const WAYS = ["position-lost", "outputs-lost", "state-lost", "offers-lost"] as const;

export const batchOf = ({ events, state, offers }: Outputs): Batch => ({ events, state, offers });

export function positionOf(
  { handledUpTo }: Outputs,
  partition: number,
): { partition: number; offset: number } | undefined {
  return handledUpTo === null ? undefined : { partition, offset: handledUpTo };
}

/** Writes a part of the outputs. Answers which part is missing; null: this time the transaction holds. */
export function tear(world: LogWorld, outputs: Outputs, partition: number): string | null {
  const { dice, store, tornGrants } = world;
  if (!dice.happens(world.faults().torn)) return null;
  const way = dice.pick(WAYS);
  const batch = batchOf(outputs);
  const position = positionOf(outputs, partition);
  if (way === "position-lost") store.write(batch);
  if (way === "outputs-lost") store.write({}, position);
  if (way === "state-lost") store.write({ ...batch, state: [] }, position);
  if (way === "offers-lost") {
    store.write({ ...batch, offers: [] }, position);
    for (const { message } of outputs.offers) if (message?.type === "Grant") tornGrants.add(message.offer);
  }
  return way;
}
