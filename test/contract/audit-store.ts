/** What every store of a second copy promises. */
import fc from "fast-check";
import { expect, test } from "vitest";
import type { RequestId } from "../../domain/kernel/identifiers.ts";
import { instant } from "../../domain/kernel/time.ts";
import {
  AuditConflictError,
  AuditGapError,
  type AuditStore,
  type KeptEvent,
} from "../../domain/ports/audit-store.ts";
import { envelopeOf } from "./event-log-entries.ts";

const ONE = "rq_0123456789abcdefghjkmnpqrs_0a1" as RequestId;
const OTHER = "rq_0123456789abcdefghjkmnpqrt_0a1" as RequestId;

export function keptEvent(seq: number, fact = `fact ${seq}`): KeptEvent {
  return {
    event: { type: "FactIgnored", at: instant(1_800_000_000_000 + seq), fact, reason: "a test" },
    envelope: { ...envelopeOf(`ev-${seq}`), subject: ONE, sequence: seq },
    position: { partition: 1, offset: seq },
    appendedAt: instant(1_800_000_000_000 + seq),
    link: seq === 1 ? null : "ab".repeat(32),
  };
}

async function readAll(store: AuditStore, request: RequestId): Promise<KeptEvent[]> {
  const found: KeptEvent[] = [];
  for await (const kept of store.read(request)) found.push(kept);
  return found;
}

/** `open` gives a new, empty store each time, which is closed after the test. */
export function describeAuditStore(name: string, open: () => Promise<AuditStore>): void {
  test(`${name}: what was kept is read as it was, in order`, async () => {
    const store = await open();
    const kept = [1, 2, 3].map((seq) => keptEvent(seq));
    for (const [index, one] of kept.entries()) await store.append(ONE, index + 1, one);
    expect(await readAll(store, ONE)).toEqual(kept);
    expect(await readAll(store, OTHER)).toEqual([]);
  });

  test(`${name}: a repeat is kept once, also of an event that has others behind it`, async () => {
    const store = await open();
    for (const seq of [1, 1, 2, 3, 3, 1, 2]) await store.append(ONE, seq, keptEvent(seq));
    expect(await readAll(store, ONE)).toHaveLength(3);
  });

  test(`${name}: the same event from another place in the log is a repeat`, async () => {
    const store = await open();
    await store.append(ONE, 1, keptEvent(1));
    await store.append(ONE, 1, { ...keptEvent(1), position: { partition: 1, offset: 99 } });
    expect((await readAll(store, ONE)).map(({ position }) => position.offset)).toEqual([1]);
  });

  test(`${name}: a gap is refused, and nothing of it is kept`, async () => {
    const store = await open();
    await expect(store.append(ONE, 2, keptEvent(2))).rejects.toThrow(AuditGapError);
    await store.append(ONE, 1, keptEvent(1));
    await expect(store.append(ONE, 3, keptEvent(3))).rejects.toThrow(AuditGapError);
    expect(await readAll(store, ONE)).toHaveLength(1);
  });

  test(`${name}: another event under a number that is taken is refused, and the first one stays`, async () => {
    const store = await open();
    for (const seq of [1, 2]) await store.append(ONE, seq, keptEvent(seq));
    await expect(store.append(ONE, 1, keptEvent(1, "forged"))).rejects.toThrow(AuditConflictError);
    await expect(store.append(ONE, 2, keptEvent(2, "forged"))).rejects.toThrow(AuditConflictError);
    expect(await readAll(store, ONE)).toEqual([keptEvent(1), keptEvent(2)]);
  });

  test(`${name}: Requests do not get in each other's way`, async () => {
    const store = await open();
    await Promise.all([
      (async () => {
        for (const seq of [1, 2, 3, 4]) await store.append(ONE, seq, keptEvent(seq));
      })(),
      (async () => {
        for (const seq of [1, 2]) await store.append(OTHER, seq, keptEvent(seq, "other"));
      })(),
    ]);
    expect(await readAll(store, ONE)).toHaveLength(4);
    expect(await readAll(store, OTHER)).toHaveLength(2);
  });

  test(`${name}: how far a partition is kept is remembered, the newest word wins`, async () => {
    const store = await open();
    expect(await store.keptUpTo(3)).toBeNull();
    for (const offset of [0, 7, 12]) await store.noteKept(3, offset);
    await store.noteKept(4, 1);
    expect([await store.keptUpTo(3), await store.keptUpTo(4), await store.keptUpTo(5)]).toEqual([
      12,
      1,
      null,
    ]);
  });

  test(`${name}: any order of appends leaves the beginning of the history, whole and unaltered`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 6 }), { maxLength: 20 }), async (order) => {
        const store = await open();
        for (const seq of order) {
          await store.append(ONE, seq, keptEvent(seq)).catch((error: unknown) => {
            if (!(error instanceof AuditGapError)) throw error;
          });
        }
        let length = 0;
        for (const seq of order) if (seq === length + 1) length += 1;
        expect(await readAll(store, ONE)).toEqual(Array.from({ length }, (_, index) => keptEvent(index + 1)));
      }),
      { numRuns: 15 },
    );
  });
}
