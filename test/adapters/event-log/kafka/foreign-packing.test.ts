/** Batches packed as we never do, by the formats' own rules; what real packers make of records: packing.kafka.test.ts. */
import { describe, expect, test } from "vitest";
import { unpackLz4 } from "../../../../adapters/event-log/kafka/lz4.ts";
import { unpackSnappy } from "../../../../adapters/event-log/kafka/snappy.ts";
import {
  createUnpackedBytes,
  UNPACKED_BYTES_MAX,
} from "../../../../adapters/event-log/kafka/unpacked-bytes.ts";

/** Blocks as Java's clients frame them. */
function stream(...blocks: readonly (readonly number[])[]): Buffer {
  return Buffer.concat([
    Buffer.from([0x82, ...Buffer.from("SNAPPY"), 0, 0, 0, 0, 1, 0, 0, 0, 1]),
    ...blocks.flatMap((block) => [Buffer.from([0, 0, 0, block.length]), Buffer.from(block)]),
  ]);
}

const LZ4_MAGIC = [0x04, 0x22, 0x4d, 0x18];
const LZ4_END = [0, 0, 0, 0];

/** A frame with these flags, `more` in its head, and its blocks. */
function frame(flags: number, more: readonly number[], ...blocks: readonly (readonly number[])[]): Buffer {
  const checksum = (flags & 0x10) === 0 ? [] : [9, 9, 9, 9];
  const body = blocks.flatMap((block) => [block.length, 0, 0, 0, ...block, ...checksum]);
  return Buffer.from([...LZ4_MAGIC, flags, 0x40, ...more, 0, ...body, ...LZ4_END]);
}

const text = (buffer: Buffer): string => buffer.toString("latin1");

describe("Snappy", () => {
  // "abc", then nine bytes from three behind, by each of the three ways to say so.
  const literal = [2 << 2, 0x61, 0x62, 0x63];
  const repeats = {
    "one byte": [((9 - 4) << 2) | 1, 3],
    "two bytes": [((9 - 1) << 2) | 2, 3, 0],
    "four bytes": [((9 - 1) << 2) | 3, 3, 0, 0, 0],
  };
  for (const [name, repeat] of Object.entries(repeats)) {
    test(`with a distance of ${name} is unpacked, framed or bare`, () => {
      const block = [12, ...literal, ...repeat];
      expect(text(unpackSnappy(Buffer.from(block)))).toBe("abcabcabcabc");
      expect(text(unpackSnappy(stream(block, block)))).toBe("abcabcabcabc".repeat(2));
    });
  }

  test("with a literal whose length follows in bytes of its own is unpacked", () => {
    const long = Buffer.alloc(300, "x");
    expect(unpackSnappy(Buffer.from([0xac, 2, 61 << 2, 43, 1, ...long]))).toEqual(long);
  });

  test("that is none, or breaks off, is refused", () => {
    const broken = [[0x80], [3, ...literal.slice(0, 2)], [9, ...repeats["one byte"]], [3, 60 << 2]];
    for (const block of broken) expect(() => unpackSnappy(Buffer.from(block))).toThrow(RangeError);
  });
});

describe("LZ4", () => {
  // "abc" and nine bytes from three behind; then "z" alone.
  const block = [0x35, 0x61, 0x62, 0x63, 3, 0, 0x10, 0x7a];

  test("is unpacked, with its checksums and its size or without", () => {
    expect(text(unpackLz4(frame(0x60, [], block)))).toBe("abcabcabcabcz");
    expect(text(unpackLz4(frame(0x70, [], block, block)))).toBe("abcabcabcabcz".repeat(2));
    expect(text(unpackLz4(frame(0x68, [13, 0, 0, 0, 0, 0, 0, 0], block)))).toBe("abcabcabcabcz");
  });

  test("with lengths that go on in further bytes is unpacked", () => {
    const literal = Buffer.alloc(15 + 255 + 7, "y");
    const long = [0xff, 255, 7, ...literal, 1, 0, 255, 30, 0x00];
    const size = literal.length + 15 + 255 + 30 + 4;
    const packed = Buffer.concat([
      Buffer.from([0x04, 0x22, 0x4d, 0x18, 0x60, 0x40, 0, long.length & 255, long.length >> 8, 0, 0]),
      Buffer.from([...long, 0, 0, 0, 0]),
    ]);
    expect(text(unpackLz4(packed))).toBe("y".repeat(size));
  });

  test("with a block that was not worth packing is unpacked", () => {
    expect(
      text(
        unpackLz4(Buffer.from([...frame(0x60, []).subarray(0, 7), 2, 0, 0, 0x80, 0x68, 0x69, 0, 0, 0, 0])),
      ),
    ).toBe("hi");
  });

  test("that is none, or breaks off, is refused", () => {
    const whole = frame(0x60, [], block);
    const broken = [
      Buffer.from("LZ4"),
      whole.subarray(0, 14),
      frame(0x61, [], block),
      frame(0x60, [], [0x35, 0x61]),
    ];
    for (const packed of [...broken, frame(0x60, [], [0x10, 0x61, 9, 0])]) {
      expect(() => unpackLz4(packed)).toThrow(RangeError);
    }
  });
});

test("what unpacks to more than any batch may hold is refused before it is there", () => {
  const out = createUnpackedBytes();
  out.take(Buffer.from("x"));
  expect(() => out.repeat(1, UNPACKED_BYTES_MAX)).toThrow(/more than 67108864 bytes/);
  expect(out.bytes()).toHaveLength(1);
});
