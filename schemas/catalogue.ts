/** Every schema of the house, by the id that records carry and by the record that is to be written. */
import type { TopicName } from "../domain/ports/event-log.ts";
import { type AvroResolver, type AvroType, avroType } from "./avro-type.ts";
import { TOPICS, WRITTEN_VERSIONS } from "./record-names.ts";
import { findEntry, type LockEntry, readLock } from "./registry-lock.ts";
import { readSchemaFiles, SCHEMA_FOLDER, type SchemaFile } from "./schema-files.ts";

export type RecordSchema = {
  readonly topic: TopicName;
  readonly record: string;
  readonly version: number;
  readonly subject: string;
  readonly id: number;
  readonly type: AvroType;
  /** The schema's name in a record's `ce_dataschema`: the same whatever id a registry gave it. */
  readonly urn: string;
};

/** Reads what was written with `writer` as today's `reader` of the same record. */
export type RecordReading = {
  readonly writer: RecordSchema;
  readonly reader: RecordSchema;
  /** Null where both are the same version. */
  readonly resolver: AvroResolver | null;
};

export type Catalogue = {
  /** The schema that `record` of `topic` is written with. */
  written(topic: TopicName, record: string): RecordSchema | undefined;
  /** By the id in the lock. */
  reading(id: number): RecordReading | undefined;
  /** By the schema's urn. */
  named(urn: string): RecordReading | undefined;
  readonly readings: readonly RecordReading[];
};

let loaded: Catalogue | null = null;

/** The house's own, read once per process, at the first record: some sixty small files. */
export function houseCatalogue(): Catalogue {
  loaded ??= loadCatalogue();
  return loaded;
}

/** Throws where files, lock and the list of written versions do not belong together: a broken installation. */
export function loadCatalogue(folder: string = SCHEMA_FOLDER): Catalogue {
  const lock = readLock(folder);
  const schemas = readSchemaFiles(folder, TOPICS).map((file) => lockedSchema(lock, file));
  const written = new Map<string, RecordSchema>();
  for (const schema of schemas) {
    if (schema.version === writtenVersion(schema)) written.set(keyOf(schema.topic, schema.record), schema);
  }
  const readings = schemas.map((schema) => readingOf(schema, written));
  const byId = new Map(readings.map((reading) => [reading.writer.id, reading]));
  const byUrn = new Map(readings.map((reading) => [reading.writer.urn, reading]));
  return {
    written: (topic, record) => written.get(keyOf(topic, record)),
    reading: (id) => byId.get(id),
    named: (urn) => byUrn.get(urn),
    readings,
  };
}

function keyOf(topic: string, record: string): string {
  return `${topic}/${record}`;
}

function writtenVersion(schema: RecordSchema): number | undefined {
  const versions: Readonly<Record<string, number>> = WRITTEN_VERSIONS[schema.topic];
  return versions[schema.record];
}

function lockedSchema(lock: readonly LockEntry[], file: SchemaFile): RecordSchema {
  const entry = findEntry(lock, file);
  if (entry === undefined) {
    throw new Error(`${file.subject} v${file.version} has no id; run "node schemas/lock.ts" and check it in`);
  }
  if (entry.sha256 !== file.sha256) {
    throw new Error(`${file.subject} v${file.version} is not the schema that was locked; restore the file`);
  }
  const { record, version, subject, schema } = file;
  const urn = `urn:reveille:schema:${subject}:${version}`;
  return {
    topic: file.topic as TopicName,
    record,
    version,
    subject,
    id: entry.id,
    type: avroType(schema),
    urn,
  };
}

function readingOf(writer: RecordSchema, written: ReadonlyMap<string, RecordSchema>): RecordReading {
  const reader = written.get(keyOf(writer.topic, writer.record));
  if (reader === undefined)
    throw new Error(`${writer.subject}: no version of it is written; see record-names.ts`);
  const resolver = reader === writer ? null : reader.type.createResolver(writer.type);
  return { writer, reader, resolver };
}
