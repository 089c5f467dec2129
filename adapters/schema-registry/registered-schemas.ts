/**
 * The ids that a schema registry gave to our schemas, for a log that strangers read.
 *
 * At start every schema of the lock is looked up, and registered where it is missing. A registry that does not
 * answer then is waited for, unless its ids are known from last time: ids never change, so a house whose registry
 * is away goes on. Reading asks for nothing: a record names its schema itself (`ce_dataschema`), and only what a
 * newer release has written is looked up by id, once. What even the registry does not know is unreadable; while
 * it can't be asked, the reader waits, because quarantining what is merely not known yet would lose it.
 */
import { milliseconds } from "../../domain/kernel/time.ts";
import type { Clock } from "../../domain/ports/clock.ts";
import { LogUnavailableError, type TopicName } from "../../domain/ports/event-log.ts";
import type { OperatorLog } from "../../domain/ports/operator-log.ts";
import type { RecordReading } from "../../schemas/catalogue.ts";
import { readingOfForeign } from "../../schemas/foreign-schema.ts";
import type { SchemaIds } from "../../schemas/schema-ids.ts";
import { type HouseSchema, houseSchemas, registerSchemas } from "./house-schemas.ts";
import { readIdFile, writeIdFile } from "./id-file.ts";
import { type RegistryClient, RegistryUnavailableError } from "./registry-client.ts";

export type RegisteredSchemasOptions = {
  readonly client: RegistryClient;
  /** What the brokers call a topic. */
  readonly nameOf: (topic: TopicName) => string;
  /** Keeps the ids for a start without the registry. */
  readonly idFile: string;
  readonly clock: Clock;
  readonly operatorLog: OperatorLog;
  readonly tellWaiting: (what: string) => void;
};

const LOOK_AGAIN_MS = milliseconds(500);
const LOOKS_BETWEEN_TELLING = 20;
/** Schemas of newer releases that are kept; no further ones are read. */
const FOREIGN_SCHEMAS_MAX = 1_000;
/** Ids that nobody can read are remembered; the oldest is forgotten, and asked for again when met. */
export const UNREADABLE_IDS_MAX = 1_000;

/** Waits for the registry for as long as it takes. Throws `RegistryRefusalError`: an operator is needed. */
export async function openRegisteredSchemas(options: RegisteredSchemasOptions): Promise<SchemaIds> {
  const schemas = houseSchemas(options.nameOf);
  return schemaIds(await idsOf(schemas, options), options);
}

async function idsOf(
  schemas: readonly HouseSchema[],
  { client, idFile, clock, operatorLog, tellWaiting }: RegisteredSchemasOptions,
): Promise<ReadonlyMap<HouseSchema, number>> {
  for (let looks = 0; ; looks += 1) {
    try {
      const ids = await registerSchemas(client, schemas);
      writeIdFile(idFile, client.name, ids);
      return ids;
    } catch (error) {
      if (!(error instanceof RegistryUnavailableError)) throw error;
      const kept = readIdFile(idFile, client.name, schemas);
      if (kept !== null) {
        operatorLog.warn("the schema registry does not answer; started with the ids of last time", { error });
        return kept;
      }
      if (looks % LOOKS_BETWEEN_TELLING === 0) tellWaiting(error.message);
    }
    await new Promise<void>((resolve) => void clock.schedule(LOOK_AGAIN_MS, resolve));
  }
}

function schemaIds(
  ids: ReadonlyMap<HouseSchema, number>,
  { client, operatorLog }: Pick<RegisteredSchemasOptions, "client" | "operatorLog">,
): SchemaIds {
  const byUrn = new Map([...ids].map(([{ reading }, id]) => [reading.writer.urn, id]));
  const own = new Map([...ids].map(([{ reading }, id]) => [id, reading]));
  const foreign = new Map<number, RecordReading>();
  /** The registry does not know them, or this release can't read what they stand for. */
  const unreadable = new Set<number>();
  let isTold = false;

  async function ask(id: number): Promise<void> {
    const text = await schemaOf(id);
    isTold = false;
    const reading = text === null ? null : readingOfForeign(id, text);
    if (reading !== null && foreign.size < FOREIGN_SCHEMAS_MAX) {
      foreign.set(id, reading);
      const { subject } = reading.writer;
      operatorLog.info("met a schema of a newer release, and can read it", { id, subject });
      return;
    }
    const [oldest] = unreadable;
    if (oldest !== undefined && unreadable.size >= UNREADABLE_IDS_MAX) unreadable.delete(oldest);
    unreadable.add(id);
    operatorLog.warn("met a schema that this release can't read", { id, registered: text !== null });
  }

  async function schemaOf(id: number): Promise<string | null> {
    try {
      return await client.schemaOf(id);
    } catch (error) {
      if (!isTold) {
        operatorLog.error("reading waits for the schema registry: a newer release has written here", {
          id,
          error,
        });
      }
      isTold = true;
      throw new LogUnavailableError(`${client.name}: can't be asked what schema ${id} is`, { cause: error });
    }
  }

  return {
    idOf({ subject, version, urn }) {
      const id = byUrn.get(urn);
      if (id === undefined) throw new Error(`${subject} v${version} was not registered at start`);
      return id;
    },
    reading: (id) => own.get(id) ?? foreign.get(id),
    async learn(unknown) {
      for (const id of unknown) if (!own.has(id) && !foreign.has(id) && !unreadable.has(id)) await ask(id);
    },
  };
}
