/**
 * A reader that hands records on only when all is known of their schemas that can be: decoding happens at once,
 * asking a registry does not. Costs a look at a header; a question only where a newer release has written.
 */

import { houseCatalogue } from "../../../schemas/catalogue.ts";
import { dataSchemaOf } from "../../../schemas/cloud-event-headers.ts";
import { schemaIdOf } from "../../../schemas/message-body.ts";
import type { SchemaIds } from "../../../schemas/schema-ids.ts";
import type { FetchedPart, FetchedRecord, KafkaDriver, KafkaReader } from "./kafka-driver.ts";

export function learningDriver(driver: KafkaDriver, ids: SchemaIds): KafkaDriver {
  return { ...driver, openReader: () => learningReader(driver.openReader(), ids) };
}

function learningReader(reader: KafkaReader, ids: SchemaIds): KafkaReader {
  async function learned(parts: readonly FetchedPart[]): Promise<void> {
    const unknown = new Set<number>();
    for (const { records } of parts) for (const record of records) addUnknown(unknown, record, ids);
    if (unknown.size > 0) await ids.learn(unknown);
  }

  return {
    ...reader,
    async fetch(topic, cursors) {
      const parts = await reader.fetch(topic, cursors);
      await learned(parts);
      return parts;
    },
    async readAt(topic, partition, from) {
      const part = await reader.readAt(topic, partition, from);
      await learned([part]);
      return part;
    },
  };
}

function addUnknown(unknown: Set<number>, { value, headers }: FetchedRecord, ids: SchemaIds): void {
  if (value === null) return;
  const urn = dataSchemaOf(headers);
  if (urn !== null && houseCatalogue().named(urn) !== undefined) return;
  const id = schemaIdOf(value);
  if (id !== null && ids.reading(id) === undefined) unknown.add(id);
}
