/** The numbers that schemas have in the records of a Kafka log: of a registry where there is one, else of the lock. */
import { join } from "node:path";
import { topicNamer } from "../adapters/event-log/kafka/topics.ts";
import { houseSchemas, planSchemas, registerSchemas } from "../adapters/schema-registry/house-schemas.ts";
import { openRegisteredSchemas } from "../adapters/schema-registry/registered-schemas.ts";
import { createRegistryClient } from "../adapters/schema-registry/registry-client.ts";
import type { KafkaSettings } from "../config/kafka.ts";
import type { OperatorLog } from "../domain/ports/operator-log.ts";
import { LOCK_IDS, type SchemaIds } from "../schemas/schema-ids.ts";
import type { TellWaiting } from "./role.ts";
import { system } from "./system.ts";

/** Waits for a registry that does not answer, where its ids are not known from last time. */
export async function openSchemaIds(
  { registry, prefix }: KafkaSettings,
  dataFolder: string,
  operatorLog: OperatorLog,
  tellWaiting: TellWaiting,
): Promise<SchemaIds> {
  if (registry === null) return LOCK_IDS;
  return openRegisteredSchemas({
    client: createRegistryClient(registry),
    nameOf: topicNamer(prefix),
    idFile: join(dataFolder, "schema-ids.json"),
    clock: system.clock,
    operatorLog,
    tellWaiting,
  });
}

export type SchemaChanges = {
  /** Subjects with their version that the registry did not have. */
  readonly registered: readonly string[];
  /** Of those, what it does not take: nothing was registered then. */
  readonly refused: readonly string[];
};

/** Registers what is missing, or with a dry run says what would be. Nothing to do without a registry. */
export async function applySchemas(
  { registry, prefix }: KafkaSettings,
  options: { readonly dryRun: boolean },
): Promise<SchemaChanges> {
  if (registry === null) return { registered: [], refused: [] };
  const client = createRegistryClient(registry);
  const schemas = houseSchemas(topicNamer(prefix));
  const { missing, refused } = await planSchemas(client, schemas);
  if (!options.dryRun && refused.length === 0) await registerSchemas(client, schemas);
  return { registered: missing, refused };
}
