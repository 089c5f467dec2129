import { canonicalJson } from "../../domain/kernel/canonical-json.ts";
import type { RequestId } from "../../domain/kernel/identifiers.ts";
import {
  AuditConflictError,
  AuditGapError,
  type AuditStore,
  AuditStoreUnavailableError,
  type KeptEvent,
} from "../../domain/ports/audit-store.ts";

export type MemoryAuditStore = AuditStore & {
  readonly kept: ReadonlyMap<RequestId, readonly KeptEvent[]>;
  /** The next so many calls fail as if nobody answered. */
  fail(calls: number): void;
  calls(): number;
};

export function createMemoryAuditStore(): MemoryAuditStore {
  const kept = new Map<RequestId, KeptEvent[]>();
  const upTo = new Map<number, number>();
  let failing = 0;
  let calls = 0;

  function answer(): void {
    calls += 1;
    if (failing === 0) return;
    failing -= 1;
    throw new AuditStoreUnavailableError("audit: the store of this test does not answer");
  }

  return {
    kept,
    fail(next) {
      failing = next;
    },
    calls: () => calls,
    async append(request, seq, one) {
      answer();
      const events = kept.get(request) ?? [];
      const there = events[seq - 1];
      if (there !== undefined) {
        if (canonicalJson(there.event) === canonicalJson(one.event)) return;
        throw new AuditConflictError(`audit: another event ${seq}`);
      }
      if (events.length !== seq - 1) throw new AuditGapError(`audit: no event ${seq - 1}`);
      kept.set(request, [...events, one]);
    },
    async *read(request) {
      answer();
      yield* kept.get(request) ?? [];
    },
    async keptUpTo(partition) {
      answer();
      return upTo.get(partition) ?? null;
    },
    async noteKept(partition, offset) {
      answer();
      upTo.set(partition, offset);
    },
    close: async () => undefined,
  };
}
