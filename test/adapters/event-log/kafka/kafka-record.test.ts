import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { FetchedRecord } from "../../../../adapters/event-log/kafka/kafka-driver.ts";
import { startingCursors } from "../../../../adapters/event-log/kafka/kafka-follower.ts";
import {
  handledUpToOf,
  inPieces,
  SEND_BYTES_MAX,
  SEND_RECORDS_MAX,
  sizeOf,
  toDelivered,
  toOutgoing,
  withHandledUpTo,
} from "../../../../adapters/event-log/kafka/kafka-record.ts";
import { RecordTooLargeError } from "../../../../adapters/event-log/stored-record.ts";
import { instant } from "../../../../domain/kernel/time.ts";
import { LOCK_IDS } from "../../../../schemas/schema-ids.ts";
import { inputEntry, stateEntry } from "../../../contract/event-log-entries.ts";

const plain = (bytes: number) => ({ key: "k", value: Buffer.alloc(bytes), headers: {} });
const fetched = (record: ReturnType<typeof toOutgoing>): FetchedRecord => ({
  ...record,
  offset: 7,
  appendedAt: instant(1),
});

describe("a record on Kafka", () => {
  test("comes back as it was written, a tombstone too", () => {
    const entry = inputEntry(3, 5);
    const delivered = toDelivered("requests", 5, fetched(toOutgoing("requests", entry, LOCK_IDS)), LOCK_IDS);
    expect(delivered).toMatchObject({
      ok: true,
      offset: 7,
      message: entry.message,
      envelope: entry.envelope,
    });
    const tombstone = toDelivered(
      "state",
      0,
      fetched(toOutgoing("state", stateEntry("gone", null), LOCK_IDS)),
      LOCK_IDS,
    );
    expect(tombstone).toMatchObject({ ok: true, key: "gone", message: null });
  });

  test("that no log takes is refused with its size, not its content", () => {
    const huge = stateEntry("rq", "x".repeat(1_000_001));
    expect(() => toOutgoing("state", huge, LOCK_IDS)).toThrow(RecordTooLargeError);
  });

  test("the last of a commit tells up to which input its owner has got, and is no other record for it", () => {
    const records = [stateEntry("a", "1"), stateEntry("b", "2")].map((entry) =>
      toOutgoing("state", entry, LOCK_IDS),
    );
    const marked = withHandledUpTo(records, 41).map(fetched);
    expect(marked.map(handledUpToOf)).toEqual([null, 41]);
    expect(marked.map((record) => toDelivered("state", 0, record, LOCK_IDS).ok)).toEqual([true, true]);
    expect(withHandledUpTo([], 41)).toEqual([]);
    expect(withHandledUpTo(records, null)).toBe(records);
  });

  test("a position that is no number counts as none", () => {
    for (const text of ["", "x", "1e99", "0.5"]) {
      expect(handledUpToOf({ ...fetched(plain(1)), headers: { "reveille-handled-up-to": text } })).toBeNull();
    }
  });
});

describe("what is sent at once", () => {
  test("keeps the order and both limits; a record larger than a piece goes alone", () => {
    const sizes = fc.array(fc.integer({ min: 0, max: 1_000_000 }), { maxLength: 12 });
    fc.assert(
      fc.property(sizes, (bytes) => {
        const records = bytes.map(plain);
        const pieces = inPieces(records);
        expect(pieces.flat()).toEqual(records);
        for (const piece of pieces) {
          const size = piece.reduce((sum, record) => sum + sizeOf(record), 0);
          expect(piece.length === 1 || size <= SEND_BYTES_MAX).toBe(true);
        }
      }),
      { numRuns: 30 },
    );
  });

  test("is a thousand records at most", () => {
    const pieces = inPieces(Array.from({ length: 2 * SEND_RECORDS_MAX + 1 }, () => plain(1)));
    expect(pieces.map((piece) => piece.length)).toEqual([SEND_RECORDS_MAX, SEND_RECORDS_MAX, 1]);
  });
});

describe("where a follower begins", () => {
  const bounds = new Map([
    [0, { start: 10, end: 20 }],
    [1, { start: 0, end: 5 }],
  ]);

  test("at the oldest that is kept, at the end, or after what it knows", () => {
    expect([...startingCursors("t", "start", bounds).values()]).toEqual([10, 0]);
    expect([...startingCursors("t", "end", bounds).values()]).toEqual([20, 5]);
    expect([...startingCursors("t", { after: new Map([[0, 14]]) }, bounds).values()]).toEqual([15, 0]);
  });

  test("a follower whose next record is gone is refused, not moved on in silence", () => {
    expect(() => startingCursors("t", { after: new Map([[0, 7]]) }, bounds)).toThrow(
      /known up to 7.*begins at 10/,
    );
  });

  test("the offset of a transaction's end, which nobody knows, may be missing", () => {
    expect(startingCursors("t", { after: new Map([[0, 8]]) }, bounds).get(0)).toBe(10);
  });
});
