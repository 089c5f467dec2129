import { type AvroType, avroType } from "./avro-type.ts";
import type { SchemaFile } from "./schema-files.ts";

export type Incompatibility = { readonly subject: string; readonly reader: number; readonly writer: number };

/**
 * FULL_TRANSITIVE: every version of a subject reads every other. Auditors replay years, and while a release is
 * rolled out old processes read what new ones write.
 */
export function incompatibilities(files: readonly SchemaFile[]): readonly Incompatibility[] {
  const found: Incompatibility[] = [];
  for (const [subject, versions] of Map.groupBy(files, (file) => file.subject)) {
    const types = versions.map((file) => ({ version: file.version, type: avroType(file.schema) }));
    for (const reader of types) {
      for (const writer of types) {
        if (!canRead(reader.type, writer.type)) {
          found.push({ subject, reader: reader.version, writer: writer.version });
        }
      }
    }
  }
  return found;
}

function canRead(reader: AvroType, writer: AvroType): boolean {
  try {
    reader.createResolver(writer);
    return true;
  } catch {
    // avsc says no by throwing; which field it was shows when the test of that subject is read.
    return false;
  }
}
