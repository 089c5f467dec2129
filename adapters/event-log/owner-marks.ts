/** The first records of an owner in `state[i]` and `events[i]`: where its restore ends and its epoch begins. */
import type { Slot } from "../../domain/kernel/identifiers.ts";
import type { Instant } from "../../domain/kernel/time.ts";
import type { MakeMarks } from "./log-store.ts";
import type { PartitionCounts } from "./partitions.ts";
import { toStore } from "./stored-record.ts";

/** The key of every mark; `state` is compacted, so only the newest is kept there. */
export const OWNER_KEY = "owner";

/** The mark of an owner under an id of its own. Slot i falls into partition i, whatever their number. */
export function ownerMarkEntry(
  id: string,
  mark: { readonly owner: string; readonly partition: number; readonly epoch: number; readonly at: Instant },
) {
  const { owner, partition, epoch, at } = mark;
  return {
    key: OWNER_KEY,
    slot: partition as Slot,
    message: { type: "OwnershipTaken", owner, epoch, at },
    envelope: {
      id,
      source: owner,
      subject: null,
      time: at,
      sequence: null,
      correlationId: id,
      causationId: null,
      causeOffset: null,
      ownerEpoch: epoch,
    },
  } as const;
}

export function ownerMarks(
  counts: PartitionCounts,
  owner: string,
  taking: { readonly group: string; readonly partition: number; readonly at: Instant },
): MakeMarks {
  const { group, partition, at } = taking;
  return (epoch) => {
    const entry = ownerMarkEntry(`owner_${group}_${partition}_${epoch}`, { owner, partition, epoch, at });
    return { state: toStore(counts, "state", entry), events: toStore(counts, "events", entry) };
  };
}
