/** The first records of an owner in `state[i]` and `events[i]`: where its restore ends and its epoch begins. */
import type { Instant } from "../../../domain/kernel/time.ts";
import type { SchemaIds } from "../../../schemas/schema-ids.ts";
import { OWNER_KEY, ownerMarkEntry } from "../owner-marks.ts";
import type { FetchedRecord, OutgoingRecord } from "./kafka-driver.ts";
import { textHeader, toOutgoing } from "./kafka-record.ts";

export type OwnerMark = {
  /** The envelope's id, by which the owner knows its mark again. */
  readonly id: string;
  readonly state: OutgoingRecord;
  readonly events: OutgoingRecord;
};

export type Taking = {
  readonly owner: string;
  readonly group: string;
  readonly partition: number;
  readonly epoch: number;
  readonly at: Instant;
};

export function ownerMark(taking: Taking, ids: SchemaIds): OwnerMark {
  const { owner, group, partition, epoch, at } = taking;
  // Two attempts of one owner may come to the same epoch when the first never got into the log: the chance part
  // keeps the second from taking a late mark of the first for its own.
  const id = `owner_${group}_${partition}_${epoch}_${crypto.randomUUID()}`;
  const entry = ownerMarkEntry(id, { owner, partition, epoch, at });
  return { id, state: toOutgoing("state", entry, ids), events: toOutgoing("events", entry, ids) };
}

export function isMark(record: FetchedRecord, mark: OwnerMark): boolean {
  return record.key === OWNER_KEY && textHeader(record, "ce_id") === mark.id;
}
