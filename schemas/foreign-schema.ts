/** A schema that this release does not have: of a newer one, met in a registry. */
import { avroType } from "./avro-type.ts";
import { houseCatalogue, type RecordReading } from "./catalogue.ts";
import { TOPICS } from "./record-names.ts";

/**
 * How what was written with `text` under `id` is read as this release's record of the same name; null where this
 * release has no such record, or the schema can't be read as it. Never throws.
 */
export function readingOfForeign(id: number, text: string): RecordReading | null {
  const schema = parseSchema(text);
  const topic = TOPICS.find((name) => schema?.namespace === `reveille.${name}`);
  if (schema === null || topic === undefined) return null;
  const reader = houseCatalogue().written(topic, schema.name);
  if (reader === undefined) return null;
  try {
    const type = avroType(schema);
    const writer = { ...reader, id, type, version: 0, urn: `urn:reveille:registry:${id}` };
    return { writer, reader, resolver: reader.type.createResolver(type) };
  } catch {
    // avsc says no by throwing: not Avro, or nothing that our record can be read from.
    return null;
  }
}

function parseSchema(text: string): { readonly namespace: string; readonly name: string } | null {
  try {
    const schema = JSON.parse(text) as { namespace?: unknown; name?: unknown } | null;
    const { namespace, name } = schema ?? {};
    return typeof namespace === "string" && typeof name === "string" ? { ...schema, namespace, name } : null;
  } catch {
    return null;
  }
}
