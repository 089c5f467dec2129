/** The memory store is the model of the SQLite store: whatever is asked of both, they answer alike. */
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Claim, LogStore, Taken } from "../../../adapters/event-log/log-store.ts";
import { createMemoryStore } from "../../../adapters/event-log/memory/memory-store.ts";
import { ownerMarks } from "../../../adapters/event-log/owner-marks.ts";
import { EMBEDDED_PARTITIONS } from "../../../adapters/event-log/partitions.ts";
import { instant } from "../../../domain/kernel/time.ts";
import { NOW } from "../../contract/event-log-entries.ts";
import { createVirtualClock } from "../../support/virtual-clock.ts";
import { EMPTY_RECORD, makeSqliteHouse } from "./sqlite/sqlite-house.ts";

const PARTITION = 1;
const LEASE_MS = 100;

/** A store with what a client remembers: the time it lives in, and the claims that it was given. */
type Client = { readonly store: LogStore; readonly claims: Claim[]; now: number };
type Step = (client: Client) => Promise<unknown>;

const member = fc.constantFrom("a", "b", "c");
const presence = (client: Client, name: string) => ({
  group: "g",
  member: name,
  now: instant(client.now),
  until: instant(client.now + LEASE_MS),
});

async function claim(client: Client, name: string): Promise<Taken | null> {
  const marks = ownerMarks(EMBEDDED_PARTITIONS, name, { group: "g", partition: PARTITION, at: NOW });
  const taken = await client.store.claim(presence(client, name), PARTITION, marks);
  if (taken !== null) client.claims.push(taken.claim);
  return taken;
}

async function withClaim(
  client: Client,
  index: number,
  use: (claim: Claim) => Promise<unknown>,
): Promise<unknown> {
  const chosen = client.claims[index % Math.max(1, client.claims.length)];
  if (chosen === undefined) return "no claim yet";
  try {
    return await use(chosen);
  } catch (error) {
    return error instanceof Error ? error.name : error;
  }
}

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.array(fc.nat(7), { maxLength: 4 }).map(
    (partitions): Step =>
      ({ store }) =>
        store.append(partitions.map((partition) => ({ ...EMPTY_RECORD, topic: "requests", partition }))),
  ),
  member.map(
    (name): Step =>
      (client) =>
        claim(client, name),
  ),
  fc.tuple(fc.nat(9), fc.option(fc.nat(20), { nil: null })).map(
    ([index, handled]): Step =>
      (client) =>
        withClaim(client, index, (chosen) =>
          client.store.commit(chosen, [{ ...EMPTY_RECORD, topic: "events", partition: PARTITION }], handled),
        ),
  ),
  fc.nat(9).map(
    (index): Step =>
      (client) =>
        withClaim(client, index, (chosen) => client.store.release(chosen)),
  ),
  member.map(
    (name): Step =>
      async (client) => {
        const team = await client.store.attend(presence(client, name));
        return { members: team.members.toSorted(), leases: team.leases };
      },
  ),
  member.map(
    (name): Step =>
      (client) =>
        client.store.leave("g", name),
  ),
  fc.nat(2 * LEASE_MS).map(
    (length): Step =>
      async (client) => {
        client.now += length;
      },
  ),
  fc.tuple(fc.nat(12), fc.nat(12), fc.integer({ min: 1, max: 5 })).map(
    ([from, to, limit]): Step =>
      async ({ store }) =>
        store
          .readBatch("events", PARTITION, { from, to, limit })
          .map(({ offset, key, envelope }) => ({ offset, key, envelope })),
  ),
);

const summary = ({ store }: Client): unknown => [
  store.ends("requests"),
  store.ends("events"),
  store.committedOffset("g", PARTITION),
  store.teamVersion("g"),
];

test("any sequence of appends, claims, commits, releases and time has the same answers on both", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
      const house = makeSqliteHouse();
      const sqlite: Client = { store: house.openStore(), claims: [], now: 0 };
      const memory: Client = { store: createMemoryStore(createVirtualClock(NOW)), claims: [], now: 0 };
      try {
        for (const take of steps) expect(await take(sqlite)).toEqual(await take(memory));
        expect(summary(sqlite)).toEqual(summary(memory));
      } finally {
        await sqlite.store.close();
        await house.close();
      }
    }),
    { numRuns: 60 },
  );
});
