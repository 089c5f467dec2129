/**
 * Every key of the house in memory, still wrapped: which key a text was sealed under is told by its id alone, so
 * all of them must be at hand. In maps of objects a million keys would take half a gigabyte; in rows of 94 bytes
 * and six tables of numbers they take 120 MB (`node --expose-gc bench/keyring.ts`).
 *
 * Rows lie in blocks that never move. Two hash tables lead to them, by key and by subject; rows of the same
 * place in a table are chained. Ids and pseudonyms are random bytes: their first four are hash enough.
 */
import { createHash } from "node:crypto";
import { parseCustomerKey } from "../../domain/kernel/identifiers.ts";
import { IV_BYTES, KEY_BYTES, TAG_BYTES } from "./cipher.ts";

export const KEY_ID_BYTES = 16;

export type WrappedKey = {
  /** 16 bytes in base64url. */
  readonly id: string;
  readonly subject: string;
  /** UTC, e.g. "2026-11". */
  readonly month: string;
  readonly wrapped: Uint8Array;
};

export type KeyIndex = {
  /** False where it is no key that we could have made: another length of id, month or wrapped bytes. */
  add(key: WrappedKey): boolean;
  /** False: it was not there. */
  remove(id: string): boolean;
  byId(id: string): WrappedKey | null;
  ofMonth(subject: string, month: string): WrappedKey | null;
  ofSubject(subject: string): readonly WrappedKey[];
  /** Of every subject, of the months before this one. */
  before(month: string): readonly WrappedKey[];
  size(): number;
};

const SUBJECT_BYTES = 16;
const WRAPPED_BYTES = IV_BYTES + KEY_BYTES + TAG_BYTES;
const SUBJECT_AT = KEY_ID_BYTES;
const WRAPPED_AT = SUBJECT_AT + SUBJECT_BYTES;
const MONTH_AT = WRAPPED_AT + WRAPPED_BYTES;
const ROW_BYTES = MONTH_AT + 2;
const BLOCK_ROWS = 8_192;
const PLACES_FIRST = 1_024;
const NONE = -1;

export function createKeyIndex(): KeyIndex {
  const blocks: Buffer[] = [];
  const byIdTable = createChains();
  const bySubjectTable = createChains();
  const free: number[] = [];
  /** Subjects that are no pseudonyms: accounts, which are few. By their digest in hexadecimal. */
  const named = new Map<string, string>();
  let rows = 0;
  let size = 0;

  function rowAt(row: number): Buffer {
    const start = (row % BLOCK_ROWS) * ROW_BYTES;
    const block = blocks[Math.floor(row / BLOCK_ROWS)];
    if (block === undefined) throw new Error(`keyring: row ${row} of the key index does not exist`);
    return block.subarray(start, start + ROW_BYTES);
  }

  function newRow(): number {
    const reused = free.pop();
    if (reused !== undefined) return reused;
    if (rows % BLOCK_ROWS === 0) blocks.push(Buffer.alloc(BLOCK_ROWS * ROW_BYTES));
    rows += 1;
    return rows - 1;
  }

  function rowOfId(id: Buffer): number {
    return byIdTable.find(id.readUInt32LE(), (row) => rowAt(row).subarray(0, KEY_ID_BYTES).equals(id));
  }

  function isOf(row: number, subject: Buffer): boolean {
    return rowAt(row).subarray(SUBJECT_AT, WRAPPED_AT).equals(subject);
  }

  function read(row: number): WrappedKey {
    const bytes = rowAt(row);
    const hex = bytes.toString("hex", SUBJECT_AT, WRAPPED_AT);
    return {
      id: bytes.toString("base64url", 0, KEY_ID_BYTES),
      subject: named.get(hex) ?? hex,
      month: monthText(bytes.readUInt16LE(MONTH_AT)),
      // A copy: the row may be another key's by the time this one is used.
      wrapped: Buffer.from(bytes.subarray(WRAPPED_AT, MONTH_AT)),
    };
  }

  function write(row: number, { id, subject }: { id: Buffer; subject: Buffer }, month: number): Buffer {
    const bytes = rowAt(row);
    id.copy(bytes, 0);
    subject.copy(bytes, SUBJECT_AT);
    bytes.writeUInt16LE(month, MONTH_AT);
    return bytes;
  }

  return {
    add(key) {
      const id = idBytes(key.id);
      const month = monthNumber(key.month);
      if (id === null || month === null || key.wrapped.length !== WRAPPED_BYTES) return false;
      if (rowOfId(id) !== NONE) return true;
      const subject = subjectOf(key.subject);
      if (parseCustomerKey(key.subject) === null) named.set(subject.toString("hex"), key.subject);
      const row = newRow();
      write(row, { id, subject }, month).set(key.wrapped, WRAPPED_AT);
      byIdTable.add(id.readUInt32LE(), row);
      bySubjectTable.add(subject.readUInt32LE(), row);
      size += 1;
      return true;
    },
    remove(idText) {
      const id = idBytes(idText);
      const row = id === null ? NONE : rowOfId(id);
      if (id === null || row === NONE) return false;
      byIdTable.remove(id.readUInt32LE(), row);
      bySubjectTable.remove(rowAt(row).readUInt32LE(SUBJECT_AT), row);
      rowAt(row).fill(0);
      free.push(row);
      size -= 1;
      return true;
    },
    byId(idText) {
      const id = idBytes(idText);
      const row = id === null ? NONE : rowOfId(id);
      return row === NONE ? null : read(row);
    },
    ofMonth(subjectText, monthWanted) {
      const subject = subjectOf(subjectText);
      const month = monthNumber(monthWanted);
      const found = bySubjectTable.find(
        subject.readUInt32LE(),
        (row) => isOf(row, subject) && rowAt(row).readUInt16LE(MONTH_AT) === month,
      );
      return found === NONE ? null : read(found);
    },
    ofSubject(subjectText) {
      const subject = subjectOf(subjectText);
      const found: WrappedKey[] = [];
      for (const row of bySubjectTable.rowsAt(subject.readUInt32LE())) {
        if (isOf(row, subject)) found.push(read(row));
      }
      return found;
    },
    before(monthText_) {
      const month = monthNumber(monthText_);
      if (month === null) return [];
      const found: WrappedKey[] = [];
      for (const row of byIdTable.everyRow()) {
        if (rowAt(row).readUInt16LE(MONTH_AT) < month) found.push(read(row));
      }
      return found;
    },
    size: () => size,
  };
}

/** A pseudonym is its own digest. */
function subjectOf(subject: string): Buffer {
  if (parseCustomerKey(subject) !== null) return Buffer.from(subject, "hex");
  return createHash("sha256").update(subject, "utf8").digest().subarray(0, SUBJECT_BYTES);
}

/** Null for what is no id, another spelling of the same bytes included. */
function idBytes(id: string): Buffer | null {
  const bytes = Buffer.from(id, "base64url");
  return bytes.length === KEY_ID_BYTES && bytes.toString("base64url") === id ? bytes : null;
}

type Chains = {
  add(hash: number, row: number): void;
  remove(hash: number, row: number): void;
  /** The first row of this hash that fits, newest first; `NONE` where there is none. */
  find(hash: number, fits: (row: number) => boolean): number;
  rowsAt(hash: number): Iterable<number>;
  everyRow(): Iterable<number>;
};

/** Rows by hash: a table of first rows, a power of two long, and for each row the next of the same place. */
function createChains(): Chains {
  let places = new Int32Array(PLACES_FIRST).fill(NONE);
  let next = new Int32Array(PLACES_FIRST);
  let hashes = new Uint32Array(PLACES_FIRST);

  const placeOf = (hash: number): number => (hash & (places.length - 1)) >>> 0;

  function link(hash: number, row: number): void {
    const place = placeOf(hash);
    next[row] = places[place] ?? NONE;
    hashes[row] = hash;
    places[place] = row;
  }

  /** Twice as long. Rows that are not in use keep a stale hash: they are linked again when they are. */
  function grow(): void {
    const linked = [...everyRow()];
    places = new Int32Array(places.length * 2).fill(NONE);
    next = enlarged(next, places.length);
    const before = hashes;
    hashes = new Uint32Array(places.length);
    hashes.set(before);
    for (const row of linked.toReversed()) link(hashes[row] ?? 0, row);
  }

  function* everyRow(): Generator<number> {
    for (const first of places) for (let row = first; row !== NONE; row = next[row] ?? NONE) yield row;
  }

  function* rowsAt(hash: number): Generator<number> {
    for (let row = places[placeOf(hash)] ?? NONE; row !== NONE; row = next[row] ?? NONE) yield row;
  }

  return {
    add(hash, row) {
      if (row >= places.length) grow();
      link(hash, row);
    },
    remove(hash, gone) {
      const place = placeOf(hash);
      if (places[place] === gone) {
        places[place] = next[gone] ?? NONE;
        return;
      }
      for (const row of rowsAt(hash)) if (next[row] === gone) next[row] = next[gone] ?? NONE;
    },
    find(hash, fits) {
      for (const row of rowsAt(hash)) if (fits(row)) return row;
      return NONE;
    },
    rowsAt,
    everyRow,
  };
}

function enlarged(from: Int32Array, length: number): Int32Array<ArrayBuffer> {
  const to = new Int32Array(length);
  to.set(from);
  return to;
}

const MONTH = /^(\d{4})-(0[1-9]|1[0-2])$/;

/** Months since the year 0; null where it is none. */
function monthNumber(month: string): number | null {
  const [, year, ofYear] = MONTH.exec(month) ?? [];
  if (year === undefined || ofYear === undefined) return null;
  const number = Number(year) * 12 + Number(ofYear) - 1;
  return number < 2 ** 16 ? number : null;
}

function monthText(number: number): string {
  const year = String(Math.floor(number / 12)).padStart(4, "0");
  return `${year}-${String((number % 12) + 1).padStart(2, "0")}`;
}
