import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** One `.avsc` file: `<folder>/<topic>/<Record>.v<version>.avsc`. */
export type SchemaFile = {
  readonly topic: string;
  readonly record: string;
  readonly version: number;
  /** TopicRecordNameStrategy of the Confluent registry: `<topic>-<full name of the record>`. */
  readonly subject: string;
  readonly schema: object;
  /** Of the schema without its white space, so that formatting a file does not change it. */
  readonly sha256: string;
};

export const SCHEMA_FOLDER = import.meta.dirname;

const FILE_NAME = /^([A-Z][A-Za-z0-9]*)\.v([1-9][0-9]*)\.avsc$/;

function subjectOf(topic: string, record: string): string {
  return `${topic}-${fullNameOf(topic, record)}`;
}

export function fullNameOf(topic: string, record: string): string {
  return `reveille.${topic}.${record}`;
}

/** Every schema under `folder`, in order of subject and version. Throws where a file's name and text differ. */
export function readSchemaFiles(folder: string, topics: readonly string[]): readonly SchemaFile[] {
  const files = topics.flatMap((topic) =>
    readdirSync(join(folder, topic)).map((name) => readSchemaFile(folder, topic, name)),
  );
  return files.toSorted((one, other) =>
    one.subject === other.subject ? one.version - other.version : one.subject < other.subject ? -1 : 1,
  );
}

function readSchemaFile(folder: string, topic: string, name: string): SchemaFile {
  const path = join(folder, topic, name);
  const [, record, version] = FILE_NAME.exec(name) ?? [];
  if (record === undefined || version === undefined) {
    throw new Error(`${path}: a schema file is named <Record>.v<version>.avsc; rename or remove it`);
  }
  const schema = JSON.parse(readFileSync(path, "utf8")) as { namespace?: unknown; name?: unknown };
  const found = `${String(schema.namespace)}.${String(schema.name)}`;
  if (found !== fullNameOf(topic, record)) {
    throw new Error(`${path}: holds the record ${found}, its name says ${fullNameOf(topic, record)}`);
  }
  const sha256 = createHash("sha256").update(JSON.stringify(schema)).digest("hex");
  return { topic, record, version: Number(version), subject: subjectOf(topic, record), schema, sha256 };
}
