import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { FINDINGS } from "../../../domain/audit/finding.ts";
import type { AuditReport } from "../../../domain/ports/audit.ts";
import type { Delivered } from "../../../domain/ports/event-log.ts";
import { busiest, copyOf, type History, makeHistory, relink, verified, withBody } from "./audited-history.ts";

let original: History;

beforeAll(async () => {
  original = await makeHistory();
});

function faults(report: AuditReport): string[] {
  return report.findings.flatMap(({ code }) => (FINDINGS[code].severity === "fault" ? [code] : []));
}

describe("a log that nobody has touched (L09)", () => {
  test("has no faults, every event is vouched for, and every cause has its consequence", async () => {
    const report = await verified(original);
    expect(report.findings).toEqual([]);
    const totals = { events: 0, linked: 0, requests: 0, owners: 0, causes: 0, remembered: 0 };
    for (const figures of report.partitions)
      for (const name of Object.keys(totals) as (keyof typeof totals)[]) totals[name] += figures[name];
    const marks = original.events?.flat().filter(({ proof }) => proof?.chain === null).length ?? 0;
    expect(totals.events).toBe(original.events?.flat().length);
    expect(totals.linked).toBe(totals.events - marks);
    expect(totals.owners).toBe(marks);
    expect(totals.requests).toBe(6);
    expect(totals.causes).toBe(original.requests?.flat().length);
    expect(totals.remembered).toBeGreaterThan(5);
  });
});

const place = (records: readonly unknown[], seed: number): number => seed % records.length;

describe("a log that somebody has touched (L09)", () => {
  const touches: Record<string, (records: Delivered<"events">[], seed: number) => void> = {
    "a record with one other byte": (records, seed) => {
      const at = place(records, seed);
      const record = records[at];
      const body = record?.proof?.body;
      if (record === undefined || body === null || body === undefined) return;
      const changed = Uint8Array.from(body);
      const byte = seed % changed.length;
      changed[byte] = (changed[byte] ?? 0) ^ 1;
      records[at] = withBody(record, changed);
    },
    "a record that was taken out": (records, seed) => void records.splice(place(records, seed), 1),
    "a record that was put in": (records, seed) => {
      const at = place(records, seed);
      const copy = records[(seed * 7) % records.length];
      if (copy === undefined) return;
      records.splice(at, 0, copy);
      for (let index = at; index < records.length; index += 1) {
        const record = records[index];
        if (record !== undefined) records[index] = { ...record, offset: index };
      }
    },
    "two records that were swapped": (records, seed) => {
      const at = seed % (records.length - 1);
      const [one, other] = [records[at], records[at + 1]];
      if (one === undefined || other === undefined) return;
      records[at] = { ...other, offset: one.offset };
      records[at + 1] = { ...one, offset: other.offset };
    },
    "a log whose end was cut off": (records, seed) => void records.splice(1 + (seed % (records.length - 1))),
  };

  for (const [name, touch] of Object.entries(touches)) {
    test(`${name} is found, wherever it is`, async () => {
      await fc.assert(
        fc.asyncProperty(fc.nat(1_000_000), async (seed) => {
          const touched = copyOf(original);
          touch(busiest(touched), seed);
          expect(faults(await verified(touched))).not.toEqual([]);
        }),
        { numRuns: 60 },
      );
    });
  }

  test("a changed record is one finding at its place, and what follows is not suspected", async () => {
    const touched = copyOf(original);
    const records = busiest(touched);
    const at = records.findIndex(({ proof }) => proof !== undefined && proof.chain !== null);
    const record = records[at];
    if (record?.proof?.body === undefined || record.proof.body === null) throw new Error("no linked record");
    records[at] = withBody(record, Uint8Array.from([...record.proof.body, 0]));
    const broken = (await verified(touched)).findings.filter(({ code }) => code === "chain-broken");
    expect(broken.map(({ place: found }) => found?.offset)).toEqual([record.offset]);
  });

  test("a history that was rewritten and linked anew has no fault of its own, and is found by an earlier anchor", async () => {
    const before = await verified(original);
    const anchors = before.partitions.flatMap(({ anchor }) => (anchor === null ? [] : [anchor]));
    expect((await verified(original, { anchors })).findings).toEqual([]);
    const touched = copyOf(original);
    const records = busiest(touched);
    const at = records.findIndex((record) => record.ok && record.message?.type === "CallAnswered");
    const record = records[at];
    if (record?.proof?.body === undefined || record.proof.body === null) throw new Error("nobody answered");
    const body = Uint8Array.from(record.proof.body);
    body[6] = (body[6] ?? 0) ^ 2;
    records[at] = withBody(record, body);
    relink(records, at);
    expect((await verified(touched)).findings).toEqual([]);
    expect(faults(await verified(touched, { anchors }))).toContain("anchor-differs");
  });

  test("a cut end is found by the newest anchor when the owner's memory was cut as well", async () => {
    const before = await verified(original);
    const anchors = before.partitions.flatMap(({ anchor }) => (anchor === null ? [] : [anchor]));
    const touched: History = { ...copyOf(original), state: [], requests: [] };
    busiest(touched).pop();
    expect(faults(await verified(touched))).toEqual([]);
    expect(faults(await verified(touched, { anchors }))).toEqual(["anchor-differs"]);
  });
});
