/** Every schema of the house with the subject that it stands under in a registry, and what is to be done there. */
import type { TopicName } from "../../domain/ports/event-log.ts";
import { houseCatalogue, type RecordReading } from "../../schemas/catalogue.ts";
import { TOPICS } from "../../schemas/record-names.ts";
import { fullNameOf, readSchemaFiles, SCHEMA_FOLDER } from "../../schemas/schema-files.ts";
import type { RegistryClient } from "./registry-client.ts";

export type HouseSchema = {
  readonly reading: RecordReading;
  /** TopicRecordNameStrategy: the topic as the brokers call it, a hyphen, the record's full name. */
  readonly subject: string;
  /** As it is sent: without white space. */
  readonly text: string;
};

/** By subject, older versions first. `nameOf` answers what the brokers call a topic. */
export function houseSchemas(nameOf: (topic: TopicName) => string): readonly HouseSchema[] {
  const catalogue = houseCatalogue();
  const files = new Map(readSchemaFiles(SCHEMA_FOLDER, TOPICS).map((file) => [keyOf(file), file]));
  return catalogue.readings.map((reading) => {
    const { topic, record } = reading.writer;
    const file = files.get(keyOf(reading.writer));
    if (file === undefined) throw new Error(`${keyOf(reading.writer)}: its schema file is gone`);
    const subject = `${nameOf(topic)}-${fullNameOf(topic, record)}`;
    return { reading, subject, text: JSON.stringify(file.schema) };
  });
}

function keyOf({ subject, version }: { readonly subject: string; readonly version: number }): string {
  return `${subject} v${version}`;
}

/** Questions under way at once. */
const ASKED_AT_ONCE = 8;

/** Ids by subject and version, registering what is missing. Older versions first, so that they get lower numbers. */
export async function registerSchemas(
  client: RegistryClient,
  schemas: readonly HouseSchema[],
): Promise<ReadonlyMap<HouseSchema, number>> {
  const ids = new Map<HouseSchema, number>();
  const subjects = [...Map.groupBy(schemas, ({ subject }) => subject).values()];
  await eachOf(subjects, async (versions) => {
    for (const schema of versions) ids.set(schema, await idOf(client, schema));
  });
  return ids;
}

async function idOf(client: RegistryClient, { subject, text }: HouseSchema): Promise<number> {
  const known = await client.lookUp(subject, text);
  if (known !== null) return known;
  await client.keepCompatible(subject);
  return client.register(subject, text);
}

export type RegistryPlan = {
  /** "subject v2": not there yet, and would be taken. */
  readonly missing: readonly string[];
  /** Not there, and would be refused beside what stands under the subject. */
  readonly refused: readonly string[];
};

/** What `registerSchemas` would do; writes nothing. */
export async function planSchemas(
  client: RegistryClient,
  schemas: readonly HouseSchema[],
): Promise<RegistryPlan> {
  const missing: string[] = [];
  const refused: string[] = [];
  await eachOf(schemas, async ({ subject, text, reading }) => {
    if ((await client.lookUp(subject, text)) !== null) return;
    const list = (await client.accepts(subject, text)) ? missing : refused;
    list.push(`${subject} v${reading.writer.version}`);
  });
  return { missing: missing.toSorted(), refused: refused.toSorted() };
}

/** The first failure ends it; what is under way then still finishes. */
async function eachOf<T>(all: readonly T[], each: (one: T) => Promise<void>): Promise<void> {
  const left = all.values();
  async function next(): Promise<void> {
    for (const one of left) await each(one);
  }
  await Promise.all(Array.from({ length: ASKED_AT_ONCE }, next));
}
