/** The last line of defence: a store refuses an old claim even where its worker knows nothing of the loss. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { LogStore, Presence } from "../../../adapters/event-log/log-store.ts";
import { createMemoryStore } from "../../../adapters/event-log/memory/memory-store.ts";
import { ownerMarks } from "../../../adapters/event-log/owner-marks.ts";
import { EMBEDDED_PARTITIONS } from "../../../adapters/event-log/partitions.ts";
import {
  packEnvelope,
  RECORD_BYTES_MAX,
  RecordTooLargeError,
  toStore,
  unpackEnvelope,
} from "../../../adapters/event-log/stored-record.ts";
import { instant } from "../../../domain/kernel/time.ts";
import { OwnershipLostError } from "../../../domain/ports/event-log.ts";
import { createFreezableClock } from "../../contract/event-log-clock.ts";
import { envelopeOf, eventEntry, NOW, stateEntry } from "../../contract/event-log-entries.ts";
import { makeSqliteHouse } from "./sqlite/sqlite-house.ts";

const marks = ownerMarks(EMBEDDED_PARTITIONS, "o", { group: "g", partition: 3, at: NOW });

function presence(member: string, from: number): Presence {
  return { group: "g", member, now: instant(from), until: instant(from + 100) };
}

describe.each(["memory", "sqlite"])("%s store", (kind) => {
  let store: LogStore;
  let close: () => Promise<void>;
  beforeEach(() => {
    const house = kind === "sqlite" ? makeSqliteHouse() : null;
    store = house?.openStore() ?? createMemoryStore(createFreezableClock());
    close = async () => {
      await store.close();
      await house?.close();
    };
  });
  afterEach(() => close());

  const tombstone = toStore(EMBEDDED_PARTITIONS, "state", stateEntry("k", null, 3));

  test("a live lease is not taken, an expired one is, with a higher epoch", async () => {
    const first = await store.claim(presence("a", 0), 3, marks);
    expect(await store.claim(presence("b", 100), 3, marks)).toBeNull();
    const second = await store.claim(presence("b", 101), 3, marks);
    expect(second?.claim.epoch).toBe((first?.claim.epoch ?? 0) + 1);
    expect(second?.eventsMark).toBeGreaterThan(first?.eventsMark ?? 0);
  });

  test("the commit of a superseded claim is refused: no record, no position", async () => {
    const first = await store.claim(presence("a", 0), 3, marks);
    await store.claim(presence("b", 200), 3, marks);
    if (first === null) throw new Error("not taken");
    const before = store.ends("state");
    await expect(store.commit(first.claim, [tombstone], 7)).rejects.toThrow(OwnershipLostError);
    expect(store.ends("state")).toEqual(before);
    expect(store.committedOffset("g", 3)).toBeNull();
  });

  test("a released claim is refused too, and releasing an old one does not free the new one's", async () => {
    const first = await store.claim(presence("a", 0), 3, marks);
    if (first === null) throw new Error("not taken");
    await store.release(first.claim);
    await expect(store.commit(first.claim, [tombstone], null)).rejects.toThrow(OwnershipLostError);
    const second = await store.claim(presence("b", 1), 3, marks);
    await store.release(first.claim);
    if (second === null) throw new Error("not taken");
    expect(await store.commit(second.claim, [tombstone], null)).toHaveLength(1);
  });

  test("the committed position never goes back", async () => {
    const taken = await store.claim(presence("a", 0), 3, marks);
    if (taken === null) throw new Error("not taken");
    await store.commit(taken.claim, [], 9);
    await store.commit(taken.claim, [], 4);
    expect(store.committedOffset("g", 3)).toBe(9);
  });

  test("a member that is not heard of is off the list, and its lease expired", async () => {
    await store.attend(presence("a", 0));
    await store.claim(presence("a", 0), 3, marks);
    const team = await store.attend(presence("b", 500));
    expect(team.members).toEqual(["b"]);
    expect(team.leases).toMatchObject([{ partition: 3, holder: "a" }]);
    expect(team.leases[0]?.until).toBeLessThan(500);
  });
});

test("a record larger than Kafka would take is refused before it is written", () => {
  const entry = eventEntry("x".repeat(RECORD_BYTES_MAX));
  expect(() => toStore(EMBEDDED_PARTITIONS, "events", entry)).toThrow(RecordTooLargeError);
});

test("an envelope at rest comes back as it was, and what is none is told apart", () => {
  const envelope = { ...envelopeOf("a"), subject: "rq", sequence: 4, causeOffset: 0, ownerEpoch: 2 };
  expect(unpackEnvelope(packEnvelope(envelope))).toEqual(envelope);
  for (const text of ["", "{", "{}", "[]", "[1,2]", "null"]) expect(unpackEnvelope(text)).toBeNull();
});
