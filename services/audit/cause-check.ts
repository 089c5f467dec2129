/**
 * Whether every command and fact on `requests` has a consequence in `events`: one without is an event that was
 * lost. And whether it can still be read: what can't be now, and was not set aside when it was handled, has been
 * damaged since. The offsets that events cite are kept as bits, 1 MB for eight million of them.
 */
import type { Finding } from "../../domain/audit/finding.ts";
import { parseRequestId } from "../../domain/kernel/identifiers.ts";
import type { Delivered } from "../../domain/ports/event-log.ts";

const CHUNK_BITS = 65_536;
const BITS_PER_BYTE = 8;

export type CauseCheck = {
  /** Every event first … */
  cite(record: Delivered<"events">): void;
  /** … then every cause. */
  take(record: Delivered<"requests">): readonly Finding[];
  /** Causes that have a consequence; and, as a finding, those that nobody has handled yet. */
  cited(): number;
  waiting(): readonly Finding[];
};

/** `handledUpTo`: the newest input that the owner says it has handled; null: it says nothing. */
export function createCauseCheck(partition: number, handledUpTo: number | null): CauseCheck {
  const citedOffsets = createOffsets();
  const setAside = createOffsets();
  let newest = handledUpTo ?? -1;
  let cited = 0;
  let waiting = 0;

  function readable(record: Delivered<"requests">): readonly Finding[] {
    const { topic, offset } = record;
    if (record.ok || setAside.has(offset)) return [];
    return [
      { code: "unreadable", place: { topic, partition, offset }, request: null, detail: record.reason },
    ];
  }

  return {
    cite(record) {
      if (!record.ok || record.envelope.causeOffset === null) return;
      const offset = record.envelope.causeOffset;
      citedOffsets.add(offset);
      if (record.message?.type === "RecordQuarantined") setAside.add(offset);
      newest = Math.max(newest, offset);
    },
    take(record) {
      if (citedOffsets.has(record.offset)) {
        cited += 1;
        return readable(record);
      }
      // Inputs are handled in order: what stands behind the newest handled one waits for its turn.
      if (record.offset > newest) {
        waiting += 1;
        return [];
      }
      const { topic, offset } = record;
      const subject = record.ok ? parseRequestId(record.envelope.subject ?? "") : null;
      const what = record.ok ? (record.message?.type ?? "a tombstone") : "an unreadable record";
      const place = { topic, partition, offset };
      return [{ code: "cause-uncited", place, request: subject, detail: `${what} has no consequence` }];
    },
    cited: () => cited,
    waiting() {
      if (waiting === 0) return [];
      const detail = `${waiting} in partition ${partition} are not handled yet`;
      return [{ code: "cause-waiting", place: null, request: null, detail }];
    },
  };
}

type Offsets = { add(offset: number): void; has(offset: number): boolean };

function createOffsets(): Offsets {
  const chunks = new Map<number, Uint8Array>();
  return {
    add(offset) {
      const { chunk, byte, mask } = bitOf(offset);
      const bits = chunks.get(chunk) ?? new Uint8Array(CHUNK_BITS / BITS_PER_BYTE);
      chunks.set(chunk, bits);
      bits[byte] = (bits[byte] ?? 0) | mask;
    },
    has(offset) {
      const { chunk, byte, mask } = bitOf(offset);
      return ((chunks.get(chunk)?.[byte] ?? 0) & mask) !== 0;
    },
  };
}

function bitOf(offset: number) {
  const bit = offset % CHUNK_BITS;
  return {
    chunk: Math.floor(offset / CHUNK_BITS),
    byte: Math.floor(bit / BITS_PER_BYTE),
    mask: 1 << (bit % BITS_PER_BYTE),
  };
}
