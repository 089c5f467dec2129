import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  openRegisteredSchemas,
  UNREADABLE_IDS_MAX,
} from "../../../adapters/schema-registry/registered-schemas.ts";
import { instant } from "../../../domain/kernel/time.ts";
import { LogUnavailableError, type TopicName } from "../../../domain/ports/event-log.ts";
import { houseCatalogue } from "../../../schemas/catalogue.ts";
import { decode, encode } from "../../../schemas/codec.ts";
import type { SchemaIds } from "../../../schemas/schema-ids.ts";
import { createFakeOperatorLog } from "../../support/fake-operator-log.ts";
import { createVirtualClock } from "../../support/virtual-clock.ts";
import { createFakeRegistry, type FakeRegistry } from "./fake-registry.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "reveille-ids-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const nameOf = (topic: TopicName): string => `house.${topic}`;

function openOn(client: FakeRegistry) {
  const clock = createVirtualClock(instant(0));
  const operatorLog = createFakeOperatorLog();
  const waits: string[] = [];
  const tellWaiting = (what: string): void => void waits.push(what);
  const idFile = join(folder, "schema-ids.json");
  const ids = openRegisteredSchemas({ client, nameOf, idFile, clock, operatorLog, tellWaiting });
  return { ids, clock, operatorLog, waits, idFile };
}

const message = { type: "CancelRequest", requestId: "rq", sender: "hotel", at: instant(7) } as never;
const envelope = {
  id: "a",
  source: "s",
  subject: null,
  time: instant(1),
  sequence: null,
  correlationId: "c",
  causationId: null,
  causeOffset: null,
  ownerEpoch: null,
};

/** The schema of CancelRequest as a newer release may have it. */
function newerSchema(): string {
  const file = new URL("../../../schemas/requests/CancelRequest.v1.avsc", import.meta.url);
  const schema = JSON.parse(readFileSync(file, "utf8")) as { fields: object[] };
  return JSON.stringify({
    ...schema,
    fields: [...schema.fields, { name: "why", type: ["null", "string"], default: null }],
  });
}

describe("at start", () => {
  test("every schema of the lock is registered under topic and record, older versions first", async () => {
    const registry = createFakeRegistry();
    const ids = await openOn(registry).ids;
    const registered = registry.asked.filter((what) => what.startsWith("register "));
    expect(registered).toHaveLength(houseCatalogue().readings.length);
    expect(registered).toContain("register house.events-reveille.events.RequestReceived");
    for (const { writer } of houseCatalogue().readings) {
      expect(ids.idOf(writer)).toBeGreaterThan(100);
      expect(ids.reading(ids.idOf(writer))?.writer).toBe(writer);
    }
  });

  test("what is registered already is looked up, and nothing is written", async () => {
    const registry = createFakeRegistry();
    await openOn(registry).ids;
    registry.asked.length = 0;
    await openOn(registry).ids;
    expect(registry.asked.every((what) => what.startsWith("look up "))).toBe(true);
  });

  test("a registry that does not answer is waited for, and the waiting is told", async () => {
    const registry = createFakeRegistry();
    registry.down = true;
    const { ids, clock, waits } = openOn(registry);
    await clock.advance(15_000);
    expect(new Set(waits)).toEqual(new Set(["http://registry.test: no answer"]));
    // Every ten seconds, not at each of the thirty looks.
    expect(waits).toHaveLength(2);
    registry.down = false;
    await clock.advance(1_000);
    expect((await ids).idOf(houseCatalogue().readings[0]?.writer as never)).toBe(101);
  });

  test("a house that has started once starts without the registry, on the ids of last time", async () => {
    const registry = createFakeRegistry();
    const first = await openOn(registry).ids;
    registry.down = true;
    const { ids, operatorLog } = openOn(registry);
    for (const { writer } of houseCatalogue().readings) {
      expect((await ids).idOf(writer)).toBe(first.idOf(writer));
    }
    expect(operatorLog.lines.map(({ what }) => what)).toEqual([
      "the schema registry does not answer; started with the ids of last time",
    ]);
  });

  test.each([
    ["of another registry", (kept: string) => kept.replace("registry.test", "elsewhere.test")],
    ["without a schema of this release", (kept: string) => kept.replace("CancelRequest v1", "Cancel v1")],
    ["that is damaged", (kept: string) => kept.slice(0, 100)],
    ["that is not about ids", () => "null"],
  ])("ids of last time %s are not believed", async (_, change) => {
    const registry = createFakeRegistry();
    const { ids, idFile } = openOn(registry);
    await ids;
    writeFileSync(idFile, change(readFileSync(idFile, "utf8")));
    registry.down = true;
    const again = openOn(registry);
    await again.clock.advance(1_000);
    expect(again.waits).toEqual(["http://registry.test: no answer"]);
    registry.down = false;
    await again.clock.advance(1_000);
    await again.ids;
  });
});

describe("a record that a newer release has written", () => {
  const newerHeaders = {
    ...encode("requests", { key: "k", envelope, message }).headers,
    ce_dataschema: "urn:reveille:schema:requests-reveille.requests.CancelRequest:2",
  };

  /** As the newer release writes it: its field at the end, here null. */
  function newerRecord(ids: SchemaIds, id: number): Buffer {
    const { value } = encode("requests", { key: "k", envelope, message }, ids);
    const body = Buffer.concat([value ?? Buffer.alloc(0), Buffer.from([0])]);
    body.writeInt32BE(id, 1);
    return body;
  }

  test("is read as this release's record, after one question", async () => {
    const registry = createFakeRegistry();
    const ids = await openOn(registry).ids;
    const id = registry.plant(newerSchema());
    expect(ids.reading(id)).toBeUndefined();
    await ids.learn(new Set([id]));
    await ids.learn(new Set([id]));
    expect(registry.asked.filter((what) => what === `schema ${id}`)).toHaveLength(1);
    expect(decode("requests", newerRecord(ids, id), newerHeaders, ids)).toEqual({
      ok: true,
      envelope,
      message,
    });
  });

  test("that the registry does not know is unreadable, after one question", async () => {
    const registry = createFakeRegistry();
    const { ids: opening, operatorLog } = openOn(registry);
    const ids = await opening;
    await ids.learn(new Set([4_711]));
    await ids.learn(new Set([4_711]));
    expect(registry.asked.filter((what) => what === "schema 4711")).toHaveLength(1);
    expect(decode("requests", newerRecord(ids, 4_711), newerHeaders, ids)).toEqual({
      ok: false,
      reason: "schema id 4711 is unknown here",
    });
    expect(operatorLog.lines).toMatchObject([{ level: "warn", facts: { id: 4_711, registered: false } }]);
  });

  test.each([
    ["a record that this release has not", newerSchema().replace('"CancelRequest"', '"RecallRequest"')],
    ["what can't be read as ours", newerSchema().replace('"requestId"', '"request"')],
    ["a schema of somebody else", '{"type":"record","name":"Order","namespace":"shop","fields":[]}'],
    ["no record", '"string"'],
    ["nonsense", "{"],
  ])("as %s is unreadable", async (_, schema) => {
    const registry = createFakeRegistry();
    const ids = await openOn(registry).ids;
    const id = registry.plant(schema);
    await ids.learn(new Set([id]));
    expect(ids.reading(id)).toBeUndefined();
  });

  test("is waited for while the registry is away: unknown is not unreadable", async () => {
    const registry = createFakeRegistry();
    const { ids: opening, operatorLog } = openOn(registry);
    const ids = await opening;
    const id = registry.plant(newerSchema());
    registry.down = true;
    await expect(ids.learn(new Set([id]))).rejects.toThrow(LogUnavailableError);
    await expect(ids.learn(new Set([id]))).rejects.toThrow(LogUnavailableError);
    // Told once, not at every try.
    expect(operatorLog.lines.filter(({ level }) => level === "error")).toHaveLength(1);
    registry.down = false;
    await ids.learn(new Set([id]));
    expect(ids.reading(id)?.reader.record).toBe("CancelRequest");
  });

  test("any number of unknown ids is remembered up to a limit", async () => {
    const registry = createFakeRegistry();
    const ids = await openOn(registry).ids;
    const count = UNREADABLE_IDS_MAX + 10;
    await ids.learn(new Set(Array.from({ length: count }, (_, index) => 10_000 + index)));
    registry.asked.length = 0;
    await ids.learn(new Set([10_000 + count - 1]));
    expect(registry.asked).toEqual([]);
    await ids.learn(new Set([10_000]));
    expect(registry.asked).toEqual(["schema 10000"]);
  });
});
