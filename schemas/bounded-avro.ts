/**
 * Arrays and maps that end where their bytes do. avsc 5.7 reads past the end of a buffer in silence and looks only
 * afterwards whether it did: a damaged count makes it collect up to 2^53 items that are not there, and the process
 * hangs or dies on one record. An item has at least one byte, so no count can be above the bytes that are left.
 */
import avsc from "avsc";

type Tap = {
  readonly buf: Uint8Array;
  readonly pos: number;
  readLong(): number;
  readString(): string;
  skipLong(): void;
};
/** avsc's own name of what reads a value. */
const READ = "_read";
type Reader = { [READ]: (tap: Tap) => unknown };
type ArrayReader = Reader & { readonly itemsType: Reader };
type MapReader = Reader & { readonly valuesType: Reader };

/** Of the next block; 0: there is none. A negative count stands before the block's size in bytes. */
function blockCount(tap: Tap): number {
  const count = tap.readLong();
  if (count < 0) tap.skipLong();
  const left = tap.buf.length - tap.pos;
  if (!(Math.abs(count) <= left)) throw new RangeError(`avro: ${Math.abs(count)} items in ${left} bytes`);
  return Math.abs(count);
}

/** To be called before any type is made: readers that resolve versions copy these functions. Twice does no harm. */
export function boundAvro(): void {
  const arrays = avsc.types.ArrayType.prototype as unknown as ArrayReader;
  arrays[READ] = function (this: ArrayReader, tap) {
    const items: unknown[] = [];
    for (let count = blockCount(tap); count > 0; count = blockCount(tap)) {
      for (let left = count; left > 0; left -= 1) items.push(this.itemsType[READ](tap));
    }
    return items;
  };
  const maps = avsc.types.MapType.prototype as unknown as MapReader;
  maps[READ] = function (this: MapReader, tap) {
    const values: Record<string, unknown> = {};
    for (let count = blockCount(tap); count > 0; count = blockCount(tap)) {
      for (let left = count; left > 0; left -= 1) values[tap.readString()] = this.valuesType[READ](tap);
    }
    return values;
  };
}
