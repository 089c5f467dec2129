import type { OfferMessage } from "../../domain/server/offers.ts";

/** The newest owner's epoch seen for each partition: what an older owner says is not obeyed (I15). */
export type OwnerEpochs = {
  /** Notes the epoch of a message, and answers the newest of its partition. */
  newest(message: Pick<OfferMessage, "partition" | "epoch">): number;
};

export function createOwnerEpochs(): OwnerEpochs {
  const epochs = new Map<number, number>();
  return {
    newest({ partition, epoch }) {
      const newest = Math.max(epochs.get(partition) ?? 0, epoch);
      epochs.set(partition, newest);
      return newest;
    },
  };
}
