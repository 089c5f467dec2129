/** Schemas that travel with an auditor's export, so that its bodies can be read where there is no registry. */
import type { ExportedSchema } from "../domain/audit/export-file.ts";
import { houseCatalogue } from "./catalogue.ts";
import { TOPICS } from "./record-names.ts";
import { readSchemaFiles, SCHEMA_FOLDER, type SchemaFile } from "./schema-files.ts";
import type { SchemaIds } from "./schema-ids.ts";

/** The schema of a body with this id, whose record names it so; null for one that nobody here knows. */
export type SchemaTexts = (id: number, urn: string | null) => ExportedSchema | null;

/** `ids`: what a log's ids stand for where a record says nothing. What it says itself counts more (`decodeBody`). */
export function createSchemaTexts(ids: SchemaIds): SchemaTexts {
  let files: readonly SchemaFile[] | null = null;
  return (id, urn) => {
    const named = urn === null ? undefined : houseCatalogue().named(urn);
    const writer = (named ?? ids.reading(id))?.writer;
    if (writer === undefined) return null;
    files ??= readSchemaFiles(SCHEMA_FOLDER, TOPICS);
    const file = files.find(
      ({ subject, version }) => subject === writer.subject && version === writer.version,
    );
    if (file === undefined) return null;
    const { subject, version, sha256, schema } = file;
    return { id, subject, version, sha256, avro: JSON.stringify(schema) };
  };
}

/** Names of schemas by their id; of two with one id the records say by themselves which one is theirs. */
export function idsOfExport(schemas: readonly ExportedSchema[]): SchemaIds {
  const urns = new Map(schemas.map((schema) => [schema.id, urnOf(schema)]));
  return {
    idOf: ({ id }) => id,
    reading: (id) => houseCatalogue().named(urns.get(id) ?? ""),
    learn: async () => undefined,
  };
}

/** As a record names it. */
export function urnOf({ subject, version }: Pick<ExportedSchema, "subject" | "version">): string {
  return `urn:reveille:schema:${subject}:${version}`;
}
