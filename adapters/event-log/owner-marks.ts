/** The first records of an owner in `state[i]` and `events[i]`: where its restore ends and its epoch begins. */
import type { Slot } from "../../domain/kernel/identifiers.ts";
import type { Instant } from "../../domain/kernel/time.ts";
import type { MakeMarks } from "./log-store.ts";
import type { PartitionCounts } from "./partitions.ts";
import { toStore } from "./stored-record.ts";

/** The key of every mark; `state` is compacted, so only the newest is kept there. */
const OWNER_KEY = "owner";

export function ownerMarks(
  counts: PartitionCounts,
  owner: string,
  taking: { readonly group: string; readonly partition: number; readonly at: Instant },
): MakeMarks {
  const { group, partition, at } = taking;
  return (epoch) => {
    const id = `owner_${group}_${partition}_${epoch}`;
    const entry = {
      key: OWNER_KEY,
      // Slot i falls into partition i, whatever their number.
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
    return { state: toStore(counts, "state", entry), events: toStore(counts, "events", entry) };
  };
}
