/**
 * Unpacks a frame of LZ4 (lz4/lz4, lz4_Frame_format.md and lz4_Block_format.md). Its checksums are left alone: the
 * batch has one of its own. We never write it; a stranger, or a cluster whose topics are set to it, does.
 */
import { createUnpackedBytes, type UnpackedBytes } from "./unpacked-bytes.ts";

const MAGIC = 0x184d2204;
const FLAG_BLOCK_CHECKSUM = 0x10;
const FLAG_CONTENT_SIZE = 0x08;
const FLAG_DICTIONARY = 0x01;
/** Magic, flags, block size and the head's own checksum. */
const HEAD_BYTES = 7;
const NOT_PACKED = 0x8000_0000;
const MATCH_MIN = 4;
/** In half a byte: the length goes on in the bytes that follow. */
const LENGTH_FOLLOWS = 15;

/** Throws a RangeError for what is no LZ4. */
export function unpackLz4(packed: Buffer): Buffer {
  if (packed.length < HEAD_BYTES || packed.readUInt32LE(0) !== MAGIC) {
    throw new RangeError("kafka: a batch that says it is LZ4 and is not");
  }
  const flags = packed.readUInt8(4);
  if ((flags & FLAG_DICTIONARY) !== 0) throw new RangeError("kafka: an LZ4 frame that wants a dictionary");
  const out = createUnpackedBytes();
  let at = HEAD_BYTES + ((flags & FLAG_CONTENT_SIZE) === 0 ? 0 : 8);
  for (;;) {
    const head = packed.readUInt32LE(at);
    if (head === 0) return out.bytes();
    const from = at + 4;
    const end = from + (head & ~NOT_PACKED);
    if (end > packed.length) throw new RangeError("kafka: an LZ4 frame ends within a block");
    if (head >= NOT_PACKED) out.take(packed.subarray(from, end));
    else unpackBlock(packed.subarray(from, end), out);
    at = end + ((flags & FLAG_BLOCK_CHECKSUM) === 0 ? 0 : 4);
  }
}

function unpackBlock(block: Buffer, out: UnpackedBytes): void {
  let at = 0;
  const lengthOf = (half: number): number => {
    let length = half;
    if (half < LENGTH_FOLLOWS) return length;
    for (let byte = 255; byte === 255; at += 1) {
      byte = block.readUInt8(at);
      length += byte;
    }
    return length;
  };
  while (at < block.length) {
    const token = block.readUInt8(at);
    at += 1;
    const literal = lengthOf(token >> 4);
    if (at + literal > block.length) throw new RangeError("kafka: an LZ4 block ends within a literal");
    out.take(block.subarray(at, at + literal));
    at += literal;
    // The last sequence has a literal alone.
    if (at === block.length) return;
    const behind = block.readUInt16LE(at);
    at += 2;
    out.repeat(behind, lengthOf(token & 15) + MATCH_MIN);
  }
}
