/**
 * What happened, in the order in which the log took it: of one Request, one Customer, a span of time, or all.
 * A Request and a Customer have one partition; for everything else all partitions are merged, one batch of each
 * in memory.
 */
import { slotOfCustomer, slotOfRequest } from "../../domain/kernel/identifiers.ts";
import type { AuditSelection, OnProgress } from "../../domain/ports/audit.ts";
import type { Delivered, EventLog } from "../../domain/ports/event-log.ts";

type Log = Pick<EventLog, "read" | "partitionCount">;
type Event = Delivered<"events">;

export async function* readHistory(
  log: Log,
  selection: AuditSelection,
  onProgress: OnProgress,
): AsyncGenerator<Event> {
  const streams = partitionsOf(log, selection).map((partition) =>
    selected(log, partition, selection, onProgress),
  );
  yield* merged(streams);
}

/** Partitions that can hold what was asked for. */
export function partitionsOf(log: Log, { request, customer }: AuditSelection): readonly number[] {
  const count = log.partitionCount("events");
  if (request !== null) return [slotOfRequest(request) % count];
  if (customer !== null) return [slotOfCustomer(customer) % count];
  return Array.from({ length: count }, (_, partition) => partition);
}

/** Whether a record is asked for. What can't be read is shown where nothing narrower was asked than a time. */
export function isSelected(record: Event, { request, customer, from, to }: AuditSelection): boolean {
  const at = record.ok ? (record.message?.at ?? record.appendedAt) : record.appendedAt;
  if ((from !== null && at < from) || (to !== null && at >= to)) return false;
  // A fact about a Request that its owner has forgotten has no subject; its key names the Request all the same.
  if (request !== null && record.key !== request && !(record.ok && record.envelope.subject === request))
    return false;
  return customer === null || record.key === customer;
}

async function* selected(
  log: Log,
  partition: number,
  selection: AuditSelection,
  onProgress: OnProgress,
): AsyncGenerator<Event> {
  let read = 0;
  for await (const records of log.read("events", partition)) {
    for (const record of records) if (isSelected(record, selection)) yield record;
    read += records.length;
    onProgress({ topic: "events", partition, records: read });
  }
}

type Head = { readonly stream: AsyncGenerator<Event>; record: Event };

/** Within a partition the log's order stands, whatever its clocks say; between two, the time at which it took them. */
async function* merged(streams: readonly AsyncGenerator<Event>[]): AsyncGenerator<Event> {
  const heads: Head[] = [];
  try {
    for (const stream of streams) {
      const next = await stream.next();
      if (next.done !== true) heads.push({ stream, record: next.value });
    }
    while (heads.length > 0) {
      const oldest = heads.reduce((one, other) => (isBefore(other.record, one.record) ? other : one));
      yield oldest.record;
      const next = await oldest.stream.next();
      if (next.done === true) heads.splice(heads.indexOf(oldest), 1);
      else oldest.record = next.value;
    }
  } finally {
    for (const stream of streams) await stream.return(undefined);
  }
}

function isBefore(one: Event, other: Event): boolean {
  return one.appendedAt === other.appendedAt
    ? one.partition < other.partition
    : one.appendedAt < other.appendedAt;
}
