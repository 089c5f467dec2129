/** What a packed batch becomes: bytes taken over, and bytes repeated from what is there already. */

/** Far more than a topic takes in a batch (`max.message.bytes`); a stranger's few bytes may ask for any number. */
export const UNPACKED_BYTES_MAX = 67_108_864;
const FIRST_BYTES = 65_536;

export type UnpackedBytes = {
  take(source: Buffer): void;
  /** So many bytes, beginning so far behind the end; it may overlap what it writes. Throws where there are none. */
  repeat(behind: number, length: number): void;
  bytes(): Buffer;
};

/** Every call throws a RangeError beyond `UNPACKED_BYTES_MAX`. */
export function createUnpackedBytes(): UnpackedBytes {
  let bytes = Buffer.allocUnsafe(FIRST_BYTES);
  let size = 0;

  function makeRoom(more: number): void {
    const wanted = size + more;
    if (wanted > UNPACKED_BYTES_MAX)
      throw new RangeError(`kafka: a batch of more than ${UNPACKED_BYTES_MAX} bytes`);
    if (wanted <= bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(wanted, 2 * bytes.length));
    bytes.copy(larger, 0, 0, size);
    bytes = larger;
  }

  return {
    take(source) {
      makeRoom(source.length);
      source.copy(bytes, size);
      size += source.length;
    },
    repeat(behind, length) {
      if (behind < 1 || behind > size)
        throw new RangeError("kafka: a packed batch repeats what it does not hold");
      makeRoom(length);
      for (const end = size + length; size < end; size += 1) bytes[size] = bytes[size - behind] ?? 0;
    },
    bytes: () => bytes.subarray(0, size),
  };
}
