import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { loadCatalogue } from "../../schemas/catalogue.ts";
import { incompatibilities } from "../../schemas/compatibility.ts";
import { lockSchemas } from "../../schemas/lock.ts";
import { TOPICS, WRITTEN_VERSIONS } from "../../schemas/record-names.ts";
import { extendLock, readLock } from "../../schemas/registry-lock.ts";
import { readSchemaFiles, SCHEMA_FOLDER } from "../../schemas/schema-files.ts";
import { EVERY_RECORD } from "./arbitrary-messages.ts";

const files = readSchemaFiles(SCHEMA_FOLDER, TOPICS);
const lock = readLock(SCHEMA_FOLDER);

test("the lock is what the files say: every schema has its id and its digest", () => {
  expect(extendLock(lock, files)).toEqual(lock);
});

test("no id and no version stands twice", () => {
  expect(new Set(lock.map((entry) => entry.id)).size).toBe(lock.length);
  expect(new Set(lock.map((entry) => `${entry.subject} v${entry.version}`)).size).toBe(lock.length);
});

test("every record that is written has a schema, a generator and nothing besides", () => {
  const written = Object.entries(WRITTEN_VERSIONS).flatMap(([topic, records]) =>
    Object.entries(records).map(([record, version]) => `${topic}/${record} v${version}`),
  );
  const catalogue = loadCatalogue();
  const readers = new Set(
    catalogue.readings.map(({ reader }) => `${reader.topic}/${reader.record} v${reader.version}`),
  );
  expect([...readers].toSorted()).toEqual(written.toSorted());
  const generated = EVERY_RECORD.map(([topic, record]) => `${topic}/${record}`);
  expect(generated.toSorted()).toEqual(written.map((name) => name.slice(0, name.indexOf(" "))).toSorted());
});

test("every version of every record reads every other, in both directions (FULL_TRANSITIVE)", () => {
  expect(incompatibilities(files)).toEqual([]);
});

test("codes are plain strings: an enum would break old readers at its first new symbol", () => {
  const withEnum = files.filter((file) => JSON.stringify(file.schema).includes('"enum"'));
  expect(withEnum.map((file) => file.subject)).toEqual([]);
});

describe("a schema that is added", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "reveille-schemas-"));
    cpSync(SCHEMA_FOLDER, folder, { recursive: true });
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  type Field = { name: string; type: unknown; default?: unknown };

  function writeVersion(version: number, change: (fields: Field[]) => Field[]): void {
    const text = readFileSync(join(folder, "load", "LoadReported.v1.avsc"), "utf8");
    const schema = JSON.parse(text) as { fields: Field[] };
    const changed = { ...schema, fields: change(schema.fields) };
    writeFileSync(join(folder, "load", `LoadReported.v${version}.avsc`), JSON.stringify(changed));
  }

  test("gets the next id, and no other id changes", () => {
    writeVersion(2, (fields) => [...fields, { name: "region", type: ["null", "string"], default: null }]);
    const extended = lockSchemas(folder);
    expect(extended.slice(0, lock.length)).toEqual(lock);
    const last = Math.max(...lock.map((entry) => entry.id));
    expect(extended.slice(lock.length)).toMatchObject([
      { subject: "load-reveille.load.LoadReported", version: 2, id: last + 1 },
    ]);
    expect(lockSchemas(folder)).toEqual(extended);
  });

  test("is read by the version that is in use, and its bytes are not lost", () => {
    writeVersion(2, (fields) => [{ name: "region", type: "string", default: "" }, ...fields]);
    lockSchemas(folder);
    const reading = loadCatalogue(folder).readings.find(
      ({ writer }) => writer.record === "LoadReported" && writer.version === 2,
    );
    expect(reading?.reader.version).toBe(1);
    const value = {
      region: "eu",
      server: "tel-1",
      at: 1,
      startedAt: 1,
      ports: 4,
      inUseOutbound: 0,
      inUseInbound: 0,
      held: 0,
      inboundReserve: 1,
      lastInboundAt: null,
      lastFullToFreeAt: null,
      mediaLatenessMs: 0,
      glare: 0,
      draining: false,
    };
    const bytes = reading?.writer.type.toBuffer(value) ?? Buffer.alloc(0);
    const { region: _, ...known } = value;
    expect(reading?.reader.type.fromBuffer(bytes, reading.resolver ?? undefined)).toEqual(known);
  });

  test("is refused when a new field has no default", () => {
    writeVersion(2, (fields) => [...fields, { name: "region", type: "string" }]);
    expect(() => lockSchemas(folder)).toThrow("load-reveille.load.LoadReported: v2 can't read v1");
    expect(readLock(folder)).toEqual(lock);
  });

  test("is refused when a field is gone, for old readers need it", () => {
    writeVersion(2, (fields) => fields.filter((field) => field.name !== "glare"));
    expect(() => lockSchemas(folder)).toThrow("v1 can't read v2");
  });

  test("is refused in the place of a locked one", () => {
    writeVersion(1, (fields) => [...fields, { name: "region", type: "string", default: "" }]);
    expect(() => lockSchemas(folder)).toThrow("locked schemas never change; add v2");
    expect(() => loadCatalogue(folder)).toThrow("not the schema that was locked");
  });

  test("may be laid out anew: white space is no change", () => {
    const path = join(folder, "load", "LoadReported.v1.avsc");
    writeFileSync(path, JSON.stringify(JSON.parse(readFileSync(path, "utf8"))));
    expect(lockSchemas(folder)).toEqual(lock);
  });

  test("is not read before it has an id", () => {
    writeVersion(2, (fields) => fields);
    expect(() => loadCatalogue(folder)).toThrow('run "node schemas/lock.ts"');
  });

  test("can't be taken away again", () => {
    rmSync(join(folder, "load", "LoadReported.v1.avsc"));
    expect(() => lockSchemas(folder)).toThrow("its file is gone");
  });

  test("must hold the record that its name says", () => {
    cpSync(join(folder, "load", "LoadReported.v1.avsc"), join(folder, "load", "Other.v1.avsc"));
    expect(() => lockSchemas(folder)).toThrow("holds the record reveille.load.LoadReported");
  });
});
