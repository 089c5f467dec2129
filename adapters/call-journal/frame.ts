/**
 * How the journal lies on disk: frames of a 16-byte head and a JSON payload, one frame per write. A frame is
 * written only after the one before it is on disk, therefore:
 *
 * - an unreadable frame with no readable one behind it is a write that a crash cut short, and was never
 *   acknowledged: it is cut off;
 * - an unreadable frame with a readable one behind it had been safe once: the journal refuses to start.
 *
 *   magic "RVJ1" | payload bytes | CRC-32 of payload | CRC-32 of the 12 bytes before     (big endian)
 */
import { crc32 } from "node:zlib";

/** What happened to the journal: an entry put, or removed. */
export type JournalChange = readonly ["put", key: string, body: string] | readonly ["remove", key: string];

const MAGIC = Buffer.from("RVJ1", "latin1");
const HEAD_BYTES = 16;
/** A head that claims more is no head. */
const PAYLOAD_BYTES_MAX = 8 * 1024 * 1024;

export function encodeFrame(changes: readonly JournalChange[]): Buffer {
  const payload = Buffer.from(JSON.stringify(changes), "utf8");
  const head = Buffer.alloc(HEAD_BYTES);
  MAGIC.copy(head);
  head.writeUInt32BE(payload.length, 4);
  head.writeUInt32BE(crc32(payload), 8);
  head.writeUInt32BE(crc32(head.subarray(0, 12)), 12);
  return Buffer.concat([head, payload]);
}

export type Scan = {
  readonly changes: readonly JournalChange[];
  /** Bytes up to the end of the last readable frame; what lies behind it is a torn tail. */
  readonly goodBytes: number;
  /** Where an unreadable frame stands before readable ones; null when there is none. */
  readonly corruptAt: number | null;
};

/** Reads every frame up to the first unreadable one. */
export function scanFrames(file: Buffer): Scan {
  const changes: JournalChange[] = [];
  let at = 0;
  for (;;) {
    const frame = readFrame(file, at);
    if (frame === null) break;
    changes.push(...frame.changes);
    at = frame.end;
  }
  return { changes, goodBytes: at, corruptAt: hasFrameAfter(file, at) ? at : null };
}

function hasFrameAfter(file: Buffer, bad: number): boolean {
  for (let at = file.indexOf(MAGIC, bad + 1); at !== -1; at = file.indexOf(MAGIC, at + 1)) {
    if (readFrame(file, at) !== null) return true;
  }
  return false;
}

type Frame = { readonly changes: readonly JournalChange[]; readonly end: number };

function readFrame(file: Buffer, at: number): Frame | null {
  if (file.length - at < HEAD_BYTES || file.compare(MAGIC, 0, 4, at, at + 4) !== 0) return null;
  if (crc32(file.subarray(at, at + 12)) !== file.readUInt32BE(at + 12)) return null;
  const payloadBytes = file.readUInt32BE(at + 4);
  const end = at + HEAD_BYTES + payloadBytes;
  if (payloadBytes > PAYLOAD_BYTES_MAX || end > file.length) return null;
  const payload = file.subarray(at + HEAD_BYTES, end);
  if (crc32(payload) !== file.readUInt32BE(at + 8)) return null;
  const changes = parseChanges(payload.toString("utf8"));
  return changes === null ? null : { changes, end };
}

function parseChanges(json: string): readonly JournalChange[] | null {
  const parsed: unknown = parseJson(json);
  return Array.isArray(parsed) && parsed.every(isChange) ? parsed : null;
}

function parseJson(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    // The checksum was right, so another program wrote this: unreadable all the same.
    return null;
  }
}

function isChange(value: unknown): value is JournalChange {
  if (!Array.isArray(value) || !value.every((part) => typeof part === "string")) return false;
  return (value[0] === "put" && value.length === 3) || (value[0] === "remove" && value.length === 2);
}
