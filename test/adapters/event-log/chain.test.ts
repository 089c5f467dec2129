import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type Chain,
  createChain,
  digestBytes,
  linkText,
  lookBackForChain,
  parseLink,
} from "../../../adapters/event-log/chain.ts";
import {
  linkOf,
  packEnvelope,
  partsOf,
  unpackEnvelope,
  withLink,
} from "../../../adapters/event-log/stored-record.ts";
import { digestInput, type StoredParts } from "../../../domain/kernel/record-chain.ts";
import { envelopeOf } from "../../contract/event-log-entries.ts";

const parts = (key: string): StoredParts => ({ key, body: null, envelope: "[]" });
const noParts = (): StoredParts => {
  throw new Error("the parts of a linked record were asked for");
};

/** A partition's records: each key with its link, or null for a mark. */
function written(keys: readonly string[], isMark: (index: number) => boolean): (string | null)[] {
  const chain = createChain(true);
  return keys.map((key, index) => {
    const link = chain.next(parts(key));
    return isMark(index) ? null : link;
  });
}

function walkOver(keys: readonly string[], links: readonly (string | null)[]) {
  const froms: number[] = [];
  const walk = async (from: number, chain: Chain): Promise<void> => {
    froms.push(from);
    for (let index = from; index < keys.length; index += 1) {
      const link = links[index] ?? null;
      const key = keys[index] ?? "";
      chain.pass(link === null ? null : parseLink(link), () => parts(key));
    }
  };
  return { froms, walk };
}

describe("a record's digest", () => {
  test("is made of the same bytes as whoever checks it computes", () => {
    const anything = fc.record({
      key: fc.string({ unit: "binary" }),
      body: fc.option(fc.uint8Array(), { nil: null }),
      envelope: fc.string({ unit: "binary" }),
    });
    fc.assert(
      fc.property(anything, (record) => {
        expect(Buffer.from(digestBytes(record)).equals(digestInput(record))).toBe(true);
      }),
    );
  });
});

describe("a partition's chain", () => {
  test("goes on alike for whoever wrote every record and whoever read some of them, marks included", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.string(), fc.boolean()), { maxLength: 20 }),
        fc.nat(20),
        (records, from) => {
          const keys = records.map(([key]) => key);
          const links = written(keys, (index) => records[index]?.[1] ?? false);
          const writer = createChain(true);
          for (const key of keys) writer.next(parts(key));
          const reader = createChain(from === 0);
          for (const [index, key] of keys.entries()) {
            const link = links[index] ?? null;
            if (index >= from) reader.pass(link === null ? null : parseLink(link), () => parts(key));
          }
          const knows = from === 0 || links.slice(from).some((link) => link !== null);
          expect(reader.isKnown()).toBe(knows);
          expect(knows ? reader.next(parts("next")) : null).toBe(knows ? writer.next(parts("next")) : null);
        },
      ),
    );
  });

  test("of records that hold their links nothing is hashed again", () => {
    const chain = createChain(false);
    const [link] = written(["a"], () => false);
    chain.pass(parseLink(link ?? ""), noParts);
    expect(chain.isKnown()).toBe(true);
  });

  test("an event is not chained by an owner that does not know the chain", () => {
    expect(() => createChain(false).next(parts("early"))).toThrow("before its owner was restored");
  });

  test("behind a long row of marks it is looked for ever further back", async () => {
    const keys = Array.from({ length: 700 }, (_, index) => `record-${index}`);
    const links = written(keys, (index) => index > 50);
    const writer = createChain(true);
    for (const key of keys) writer.next(parts(key));
    const { froms, walk } = walkOver(keys, links);
    const found = await lookBackForChain({ first: 0, from: 699 }, walk);
    expect(found.next(parts("next"))).toBe(writer.next(parts("next")));
    expect(froms).toEqual([635, 123, 0]);
  });

  test("where nothing but marks is left it begins at the first of them", async () => {
    const keys = ["mark", "mark", "mark"];
    const { froms, walk } = walkOver(keys, [null, null, null]);
    const found = await lookBackForChain({ first: 1, from: 2 }, walk);
    expect(found.isKnown()).toBe(true);
    expect(froms).toEqual([1]);
  });
});

describe("a stored record's link", () => {
  const record = {
    topic: "events",
    partition: 0,
    key: "k",
    value: null,
    envelope: packEnvelope(envelopeOf("ev")),
  } as const;

  test("comes back, and what is hashed is the envelope without it", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (link) => {
        const linked = withLink(record, linkText(link));
        expect(Buffer.from(linkOf(linked) ?? [])).toEqual(Buffer.from(link));
        expect(partsOf(linked).envelope).toBe(record.envelope);
        expect(unpackEnvelope(linked.envelope)).toEqual(unpackEnvelope(record.envelope));
      }),
    );
  });

  test("is null where there is none, whatever the envelope", () => {
    expect(linkOf(record)).toBeNull();
    expect(linkOf({ envelope: "{" })).toBeNull();
    expect(partsOf({ ...record, envelope: "{" }).envelope).toBe("{");
  });
});
