/**
 * Which number stands for which schema in a record's body. The embedded log carries those of the lock; a log that
 * strangers read carries those of their registry (see adapters/schema-registry).
 */
import { houseCatalogue, type RecordReading, type RecordSchema } from "./catalogue.ts";

export type SchemaIds = {
  /** What a record carries that is written with this schema of ours. Throws where it has no id: never written. */
  idOf(schema: RecordSchema): number;
  /** How to read what carries `id`; undefined where nobody knows. */
  reading(id: number): RecordReading | undefined;
  /**
   * Resolves once `reading` tells all that can be told of these ids: a newer release may have written them. Never
   * rejects because an id is unknown, only with `LogUnavailableError` where who knows can't be asked now.
   */
  learn(ids: ReadonlySet<number>): Promise<void>;
};

/** The ids of schemas/registry.lock.json. */
export const LOCK_IDS: SchemaIds = {
  idOf: (schema) => schema.id,
  reading: (id) => houseCatalogue().reading(id),
  learn: async () => undefined,
};
