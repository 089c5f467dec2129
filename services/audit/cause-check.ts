/**
 * Whether every command and fact on `requests` has a consequence in `events`: one without is an event that was
 * lost. The offsets that events cite are kept as bits, 1 MB for eight million of them.
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
  const chunks = new Map<number, Uint8Array>();
  let newest = handledUpTo ?? -1;
  let cited = 0;
  let waiting = 0;

  function isCited(offset: number): boolean {
    const bit = offset % CHUNK_BITS;
    const byte = chunks.get(Math.floor(offset / CHUNK_BITS))?.[Math.floor(bit / BITS_PER_BYTE)] ?? 0;
    return (byte & (1 << (bit % BITS_PER_BYTE))) !== 0;
  }

  return {
    cite(record) {
      if (!record.ok || record.envelope.causeOffset === null) return;
      const offset = record.envelope.causeOffset;
      const at = Math.floor(offset / CHUNK_BITS);
      const chunk = chunks.get(at) ?? new Uint8Array(CHUNK_BITS / BITS_PER_BYTE);
      chunks.set(at, chunk);
      const bit = offset % CHUNK_BITS;
      const byte = Math.floor(bit / BITS_PER_BYTE);
      chunk[byte] = (chunk[byte] ?? 0) | (1 << (bit % BITS_PER_BYTE));
      newest = Math.max(newest, offset);
    },
    take(record) {
      if (isCited(record.offset)) {
        cited += 1;
        return [];
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
