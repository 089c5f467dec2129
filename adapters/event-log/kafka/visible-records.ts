/**
 * Of what a fetch brought, the records of committed transactions, and where to read on. Written by us: the
 * client's own filter takes one aborted transaction per record, so that records of a second one slip through.
 */
import { instant } from "../../../domain/kernel/time.ts";
import type { FetchedRecord, RecordHeaders } from "./kafka-driver.ts";

/** One record as kafkajs decodes it; numbers that may exceed 32 bits are text. */
export type RawRecord = {
  readonly offset: string;
  readonly timestamp: string;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, Buffer | readonly Buffer[] | null | undefined>>;
  readonly isControlRecord: boolean;
  readonly batchContext: { readonly producerId: string; readonly inTransaction: boolean };
};

export type AbortedTransaction = { readonly producerId: string; readonly firstOffset: string };

export type Visible = { readonly records: readonly FetchedRecord[]; readonly next: number };

export function visibleRecords(
  raw: readonly RawRecord[],
  aborted: readonly AbortedTransaction[],
  from: number,
): Visible {
  const isAborted = abortedFilter(aborted);
  const records: FetchedRecord[] = [];
  let next = from;
  for (const record of raw) {
    const offset = Number(record.offset);
    const hidden = isAborted(record, offset);
    // A fetch answers whole batches: the first may begin before the offset that was asked for.
    if (offset < from) continue;
    next = offset + 1;
    if (!hidden && !record.isControlRecord) records.push(toFetched(record, offset));
  }
  return { records, next };
}

/** Asked of each record in turn; control records end the transactions. */
function abortedFilter(
  aborted: readonly AbortedTransaction[],
): (record: RawRecord, offset: number) => boolean {
  const ahead = aborted
    .map(({ producerId, firstOffset }) => ({ producerId, first: Number(firstOffset) }))
    .toSorted((a, b) => a.first - b.first);
  const open = new Set<string>();
  let begun = 0;
  return (record, offset) => {
    const { producerId, inTransaction } = record.batchContext;
    for (let next = ahead[begun]; next !== undefined && next.first <= offset; next = ahead[begun]) {
      open.add(next.producerId);
      begun += 1;
    }
    if (record.isControlRecord) {
      if (isAbortMarker(record.key)) open.delete(producerId);
      return true;
    }
    return inTransaction && open.has(producerId);
  };
}

/** Key of a control record: version int16, then type int16; 0 is abort, 1 commit. */
function isAbortMarker(key: Buffer | null): boolean {
  return key !== null && key.length >= 4 && key.readInt16BE(2) === 0;
}

function toFetched(record: RawRecord, offset: number): FetchedRecord {
  return {
    offset,
    appendedAt: instant(Number(record.timestamp)),
    key: record.key?.toString("utf8") ?? "",
    value: record.value,
    headers: singleHeaders(record.headers),
  };
}

/** Kafka allows a header twice; ours never are, of a foreign record's the first counts. */
function singleHeaders(headers: RawRecord["headers"]): RecordHeaders {
  const single: Record<string, Buffer> = {};
  for (const [name, value] of Object.entries(headers)) {
    const first = Buffer.isBuffer(value) ? value : value?.[0];
    if (first !== undefined) single[name] = first;
  }
  return single;
}
