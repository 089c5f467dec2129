/** Whether every event was written by the partition's owner of that moment, and every owner came after the last. */
import type { Finding } from "../../domain/audit/finding.ts";
import type { Delivered } from "../../domain/ports/event-log.ts";

export type OwnerCheck = { take(record: Delivered<"events">): readonly Finding[]; owners(): number };

export function createOwnerCheck(): OwnerCheck {
  /** Null until the first mark: of what stands before it nobody knows the owner. */
  let epoch: number | null = null;
  let owners = 0;

  function takeMark(record: Delivered<"events">, taken: number): Finding[] {
    const before = epoch;
    epoch = taken;
    owners += 1;
    if (before === null || taken > before) return [];
    return [found("epoch-went-back", record, `epoch ${taken} after epoch ${before}`)];
  }

  return {
    take(record) {
      if (!record.ok || record.message === null) return [];
      if (record.message.type === "OwnershipTaken") return takeMark(record, record.message.epoch);
      const { ownerEpoch } = record.envelope;
      if (epoch === null || ownerEpoch === epoch) return [];
      return [found("foreign-owner", record, `epoch ${ownerEpoch ?? "none"}, the owner has ${epoch}`)];
    },
    owners: () => owners,
  };
}

function found(code: Finding["code"], record: Delivered<"events">, detail: string): Finding {
  const { topic, partition, offset } = record;
  return { code, place: { topic, partition, offset }, request: null, detail };
}
