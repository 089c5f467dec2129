import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type RawRecord, visibleRecords } from "../../../../adapters/event-log/kafka/visible-records.ts";

const COMMIT = Buffer.from([0, 0, 0, 1]);
const ABORT = Buffer.from([0, 0, 0, 0]);

function data(offset: number, producer: string | null, key: Buffer = Buffer.from("k")): RawRecord {
  return {
    offset: String(offset),
    timestamp: "1800000000000",
    key,
    value: Buffer.from(String(offset)),
    headers: {},
    isControlRecord: false,
    batchContext: { producerId: producer ?? "-1", inTransaction: producer !== null },
  };
}

function marker(offset: number, producer: string, key: Buffer): RawRecord {
  return { ...data(offset, producer, key), isControlRecord: true };
}

const offsets = (visible: ReturnType<typeof visibleRecords>): readonly number[] =>
  visible.records.map((record) => record.offset);

describe("what a reader sees of a fetch", () => {
  test("nothing of two aborted transactions that both began before it", () => {
    const raw = [
      data(20, "B"),
      data(21, "A"),
      data(22, null),
      marker(23, "A", ABORT),
      marker(24, "B", ABORT),
    ];
    const aborted = [
      { producerId: "B", firstOffset: "11" },
      { producerId: "A", firstOffset: "10" },
    ];
    const visible = visibleRecords(raw, aborted, 20);
    expect(offsets(visible)).toEqual([22]);
    expect(visible.next).toBe(25);
  });

  test("a record whose key looks like an abort marker's ends no transaction", () => {
    const raw = [data(0, "A"), data(1, null, ABORT), data(2, "A"), marker(3, "A", ABORT)];
    expect(offsets(visibleRecords(raw, [{ producerId: "A", firstOffset: "0" }], 0))).toEqual([1]);
  });

  test("what stands before the offset asked for is left out, its transaction's end is not", () => {
    const raw = [data(5, "A"), marker(6, "A", ABORT), data(7, "A"), marker(8, "A", COMMIT)];
    const visible = visibleRecords(raw, [{ producerId: "A", firstOffset: "4" }], 7);
    expect(offsets(visible)).toEqual([7]);
  });

  test("a header that stands twice counts once, one without a value not at all", () => {
    const raw = { ...data(0, null), headers: { twice: [Buffer.from("a"), Buffer.from("b")], none: null } };
    const [record] = visibleRecords([raw], [], 0).records;
    expect(record?.headers).toEqual({ twice: Buffer.from("a") });
  });

  test("of any interleaving exactly the committed records, wherever the reading begins", () => {
    const step = fc.record({
      producer: fc.constantFrom("A", "B", "C"),
      act: fc.constantFrom("write", "commit", "abort"),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), fc.nat(40), (steps, from) => {
        const { raw, aborted, committed } = playOut(steps);
        // As a broker does: the aborted transactions that reach into what was asked for.
        const reaching = aborted.filter(({ last }) => last >= from);
        const visible = visibleRecords(raw.slice(from), reaching, from);
        expect(offsets(visible)).toEqual(committed.filter((offset) => offset >= from));
      }),
    );
  });
});

type Step = { readonly producer: string; readonly act: string };

/** Transactions that are still open at the end are committed there, so that every record has a fate. */
function playOut(steps: readonly Step[]): {
  raw: RawRecord[];
  aborted: { producerId: string; firstOffset: string; last: number }[];
  committed: number[];
} {
  const raw: RawRecord[] = [];
  const open = new Map<string, number[]>();
  const aborted: { producerId: string; firstOffset: string; last: number }[] = [];
  const committed: number[] = [];
  const ends = ["A", "B", "C"].map((producer) => ({ producer, act: "commit" }));
  for (const { producer, act } of [...steps, ...ends]) {
    const written = open.get(producer) ?? [];
    const offset = raw.length;
    if (act === "write") {
      raw.push(data(offset, producer));
      open.set(producer, [...written, offset]);
    } else if (written.length > 0) {
      raw.push(marker(offset, producer, act === "commit" ? COMMIT : ABORT));
      open.delete(producer);
      if (act === "commit") committed.push(...written);
      else aborted.push({ producerId: producer, firstOffset: String(written[0]), last: offset });
    }
  }
  return { raw, aborted, committed: committed.toSorted((a, b) => a - b) };
}
