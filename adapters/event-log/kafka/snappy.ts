/**
 * Unpacks Snappy (google/snappy, format_description.txt), in the stream of blocks that Java's clients make of it or as
 * one bare block. We never write it; a stranger, or a cluster whose topics are set to it, does.
 */
import { createUnpackedBytes, type UnpackedBytes } from "./unpacked-bytes.ts";

const STREAM_HEAD = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00]);
/** The head and two versions of four bytes each. */
const STREAM_HEAD_BYTES = 16;
const BLOCK_HEAD_BYTES = 4;
/** Of a literal's length in its tag: from here on the length follows, in one to four bytes. */
const LENGTH_FOLLOWS = 60;

/** Throws a RangeError for what is no Snappy. */
export function unpackSnappy(packed: Buffer): Buffer {
  const out = createUnpackedBytes();
  if (!packed.subarray(0, STREAM_HEAD.length).equals(STREAM_HEAD)) {
    unpackBlock(packed, out);
    return out.bytes();
  }
  for (let at = STREAM_HEAD_BYTES; at < packed.length; ) {
    const from = at + BLOCK_HEAD_BYTES;
    at = from + packed.readUInt32BE(at);
    unpackBlock(packed.subarray(from, at), out);
  }
  return out.bytes();
}

function unpackBlock(block: Buffer, out: UnpackedBytes): void {
  let at = afterLength(block);
  while (at < block.length) {
    const tag = block.readUInt8(at);
    at += 1;
    switch (tag & 3) {
      case 0:
        at = takeLiteral(block, at, tag >> 2, out);
        break;
      case 1:
        out.repeat(((tag >> 5) << 8) | block.readUInt8(at), ((tag >> 2) & 7) + 4);
        at += 1;
        break;
      case 2:
        out.repeat(block.readUInt16LE(at), (tag >> 2) + 1);
        at += 2;
        break;
      default:
        out.repeat(block.readUInt32LE(at), (tag >> 2) + 1);
        at += 4;
    }
  }
}

/** A block begins with its unpacked length in groups of seven bits, which is known when it is unpacked. */
function afterLength(block: Buffer): number {
  const end = block.findIndex((byte) => byte < 0x80);
  if (end < 0) throw new RangeError("kafka: a Snappy block without its length");
  return end + 1;
}

function takeLiteral(block: Buffer, at: number, inTag: number, out: UnpackedBytes): number {
  const more = Math.max(0, inTag - LENGTH_FOLLOWS + 1);
  const length = (more === 0 ? inTag : block.readUIntLE(at, more)) + 1;
  const from = at + more;
  if (from + length > block.length) throw new RangeError("kafka: a Snappy block ends within a literal");
  out.take(block.subarray(from, from + length));
  return from + length;
}
