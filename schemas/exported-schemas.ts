/** Schemas that travel with an auditor's export, so that its bodies can be read where there is no registry. */
import type { ExportedSchema } from "../domain/audit/export-file.ts";
import { houseCatalogue } from "./catalogue.ts";
import { TOPICS } from "./record-names.ts";
import { readSchemaFiles, SCHEMA_FOLDER, type SchemaFile } from "./schema-files.ts";
import type { SchemaIds } from "./schema-ids.ts";

/** What a log's ids stand for; null for one that nobody here knows. */
export function createSchemaTexts(ids: SchemaIds): (id: number) => ExportedSchema | null {
  let files: readonly SchemaFile[] | null = null;
  return (id) => {
    const writer = ids.reading(id)?.writer;
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

/** Reads bodies by what their file says of its ids. */
export function idsOfExport(schemas: readonly ExportedSchema[]): SchemaIds {
  const urns = new Map(
    schemas.map(({ id, subject, version }) => [id, `urn:reveille:schema:${subject}:${version}`]),
  );
  return {
    idOf: ({ id }) => id,
    reading: (id) => houseCatalogue().named(urns.get(id) ?? ""),
    learn: async () => undefined,
  };
}
