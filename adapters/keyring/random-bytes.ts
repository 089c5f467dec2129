/**
 * Random bytes for keys and nonces, drawn many at a time: each call of the generator costs as much as the cipher.
 * What has been given out is overwritten here, so that the key of somebody erased lies nowhere else in memory.
 */
import { randomFillSync } from "node:crypto";

/** Some seventy nonces and keys of new Customers. */
export const DRAWN_AT_ONCE = 4_096;

export type RandomBytes = (count: number) => Buffer;

/** `fill` is the generator; never the same byte twice. Of more than `DRAWN_AT_ONCE` it throws `RangeError`. */
export function createRandomBytes(fill: (bytes: Buffer) => void = randomFillSync): RandomBytes {
  const drawn = Buffer.alloc(DRAWN_AT_ONCE);
  let used = DRAWN_AT_ONCE;

  return (count) => {
    if (count > DRAWN_AT_ONCE) throw new RangeError(`keyring: ${count} random bytes at once`);
    if (used + count > DRAWN_AT_ONCE) {
      fill(drawn);
      used = 0;
    }
    const given = Buffer.from(drawn.subarray(used, used + count));
    drawn.fill(0, used, used + count);
    used += count;
    return given;
  };
}
