/** Reads the records of an export by the schemas that lie in it. */
import { unpackEnvelope } from "../adapters/event-log/stored-record.ts";
import type { ExportedSchema } from "../domain/audit/export-file.ts";
import type { Delivered } from "../domain/ports/event-log.ts";
import { idsOfExport, urnOf } from "../schemas/exported-schemas.ts";
import { decodeBody, schemaIdOf } from "../schemas/message-body.ts";
import type { StoredThere } from "../services/audit/range-check.ts";

export function readExported(
  schemas: readonly ExportedSchema[],
): (stored: StoredThere) => Delivered<"events"> {
  const ids = idsOfExport(schemas);
  return ({ partition, offset, appendedAt, key, value, envelope: packed, schema }) => {
    const place = { topic: "events", partition, offset, key, appendedAt } as const;
    const envelope = unpackEnvelope(packed);
    if (envelope === null) return { ...place, ok: false, reason: "the envelope can't be read" };
    if (value === null) return { ...place, ok: true, envelope, message: null };
    const own = schema === null ? undefined : schemas[schema];
    if (schema !== null && own?.id !== schemaIdOf(value))
      return { ...place, ok: false, reason: "it names a schema of another id than its body" };
    const body = decodeBody("events", value, own === undefined ? null : urnOf(own), ids);
    return body.ok
      ? { ...place, ok: true, envelope, message: body.message }
      : { ...place, ok: false, reason: body.reason };
  };
}
