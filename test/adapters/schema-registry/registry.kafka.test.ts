/** A real registry beside a real broker: what strangers read from the topics, and what a newer release writes. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import avsc from "avsc";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { applyTopics } from "../../../adapters/event-log/kafka/apply-topics.ts";
import type { FetchedRecord, KafkaDriver } from "../../../adapters/event-log/kafka/kafka-driver.ts";
import { createKafkaLog } from "../../../adapters/event-log/kafka/kafka-log.ts";
import { readRange } from "../../../adapters/event-log/kafka/kafka-replay.ts";
import { createKafkajsDriver } from "../../../adapters/event-log/kafka/kafkajs-driver.ts";
import { planTopics, topicNamer } from "../../../adapters/event-log/kafka/topics.ts";
import { EMBEDDED_PARTITIONS } from "../../../adapters/event-log/partitions.ts";
import { houseSchemas, planSchemas } from "../../../adapters/schema-registry/house-schemas.ts";
import { openRegisteredSchemas } from "../../../adapters/schema-registry/registered-schemas.ts";
import {
  createRegistryClient,
  RegistryRefusalError,
} from "../../../adapters/schema-registry/registry-client.ts";
import { createSystemClock } from "../../../adapters/system/clock.ts";
import type { SchemaChanges } from "../../../compose/schema-ids.ts";
import { type Brokers, startBrokers } from "../../../deploy/kafka/brokers.ts";
import { type Registry, startRegistry } from "../../../deploy/schema-registry/registry.ts";
import type { Delivered, EventLog } from "../../../domain/ports/event-log.ts";
import type { SchemaIds } from "../../../schemas/schema-ids.ts";
import { inputEntry } from "../../contract/event-log-entries.ts";
import { createFakeOperatorLog } from "../../support/fake-operator-log.ts";
import { whyNoKafka } from "../../support/kafka-broker.ts";
import { whyNoRegistry } from "../../support/schema-registry.ts";

const missing = whyNoRegistry() ?? whyNoKafka();
/** Two Java programs, or three of ours, on a machine that may be busy. */
const START_MS_MAX = 180_000;
const MAIN = fileURLToPath(new URL("../../../main.ts", import.meta.url));
const PREFIX = "strange.";
const nameOf = topicNamer(PREFIX);

describe.skipIf(missing !== null)(`a real registry${missing === null ? "" : `: ${missing}`}`, () => {
  let registry: Registry;
  let brokers: Brokers;
  let folder: string;
  let driver: KafkaDriver;
  let log: EventLog;
  let ids: SchemaIds;
  let idsOfOther: SchemaIds;
  const client = () => createRegistryClient({ url: registry.url, token: null });

  const open = (idFile: string): Promise<SchemaIds> =>
    openRegisteredSchemas({
      client: client(),
      nameOf,
      idFile: join(folder, idFile),
      clock: createSystemClock(),
      operatorLog: createFakeOperatorLog(),
      tellWaiting: () => undefined,
    });

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "reveille-ids-"));
    // One after the other: what is up is known to afterAll, whatever becomes of the next.
    registry = await startRegistry();
    brokers = await startBrokers(1);
    // Ids of somebody else first, so that ours can't be those of the lock by chance.
    await client().register("somebody-else", JSON.stringify({ type: "record", name: "Order", fields: [] }));
    const connection = { brokers: brokers.addresses, clientId: "test" };
    const plans = planTopics({ counts: EMBEDDED_PARTITIONS, replicas: 1, prefix: PREFIX });
    // Two processes of a house that start at once, on a registry that knows none of it.
    [ids, idsOfOther] = await Promise.all([open("a"), open("b")]);
    await applyTopics(connection, plans, { dryRun: false });
    driver = createKafkajsDriver(connection);
    log = createKafkaLog({
      driver,
      clock: createSystemClock(),
      owner: "test/1",
      operatorLog: createFakeOperatorLog(),
      prefix: PREFIX,
      counts: EMBEDDED_PARTITIONS,
      schemaIds: ids,
    });
  }, START_MS_MAX);

  afterAll(async () => {
    await log?.close();
    await Promise.all([registry?.stop(), brokers?.stop()]);
    rmSync(folder, { recursive: true, force: true });
  });

  async function rawRecords(partition: number): Promise<readonly FetchedRecord[]> {
    const reader = driver.openReader();
    const where = { topic: nameOf("requests"), partition };
    const { start, end } = (await reader.bounds(where.topic)).get(partition) ?? { start: 0, end: 0 };
    const found: FetchedRecord[] = [];
    for await (const records of readRange(reader, where, { from: start, to: end })) found.push(...records);
    await reader.close();
    return found;
  }

  async function delivered(partition: number): Promise<readonly Delivered<"requests">[]> {
    const found: Delivered<"requests">[] = [];
    for await (const records of log.read("requests", partition)) found.push(...records);
    return found;
  }

  test("gives processes that start at once the same ids", () => {
    for (const { reading } of houseSchemas(nameOf)) {
      expect(idsOfOther.idOf(reading.writer)).toBe(ids.idOf(reading.writer));
    }
  });

  test("keeps every version of a subject readable by every other, and refuses what is not", async () => {
    const schemas = houseSchemas(nameOf);
    expect(await planSchemas(client(), schemas)).toEqual({ missing: [], refused: [] });
    const [one] = schemas;
    if (one === undefined) throw new Error("the house has no schemas");
    const level = await fetch(`${registry.url}/config/${one.subject}`);
    expect(await level.json()).toMatchObject({ compatibilityLevel: "FULL_TRANSITIVE" });
    const schema = JSON.parse(one.text) as { fields: object[] };
    const withoutDefault = { ...schema, fields: [...schema.fields, { name: "more", type: "string" }] };
    const changed = { ...one, text: JSON.stringify(withoutDefault) };
    expect(await planSchemas(client(), [changed])).toEqual({ missing: [], refused: [`${one.subject} v1`] });
    await expect(client().register(one.subject, changed.text)).rejects.toThrow(RegistryRefusalError);
  });

  test(
    "the installer's command says what is missing, registers it, and finds it in place",
    async () => {
      const house = { addresses: brokers.addresses, url: registry.url };
      const count = houseSchemas(nameOf).length;
      const planned = await applyByCommand(house, "--dry-run");
      expect(planned.code).toBe(1);
      expect(planned.schemas.registered).toHaveLength(count);
      expect(planned.schemas.registered).toContain("another.events-reveille.events.CallAnswered v1");
      expect(await applyByCommand(house)).toEqual({ ...planned, code: 0 });
      expect(await applyByCommand(house, "--dry-run")).toEqual({
        code: 0,
        schemas: { registered: [], refused: [] },
      });
    },
    START_MS_MAX,
  );

  test("a stranger reads a topic with nothing but the registry", async () => {
    const entry = inputEntry(1, 3);
    const { positions } = await log.append("requests", [entry]);
    const [place] = positions;
    const [record] = await rawRecords(place?.partition ?? 0);
    const body = Buffer.from(record?.value ?? []);
    const answer = await fetch(`${registry.url}/schemas/ids/${body.readInt32BE(1)}`);
    const { schema } = (await answer.json()) as { schema: string };
    const read: unknown = avsc.Type.forSchema(JSON.parse(schema) as avsc.Schema, {
      wrapUnions: "never",
    }).fromBuffer(body.subarray(5));
    const { type, ...fields } = entry.message as { readonly type: string };
    expect(read).toMatchObject(fields);
    expect(schema).toContain(`"${type}"`);
    expect(await delivered(place?.partition ?? 0)).toMatchObject([{ ok: true, message: entry.message }]);
  });

  test("what a newer release has written is read; what nobody knows is handed over as unreadable", async () => {
    const entry = inputEntry(2, 5);
    const { positions } = await log.append("requests", [entry]);
    const partition = positions[0]?.partition ?? 0;
    const [written] = (await rawRecords(partition)).slice(-1);
    if (written?.value === undefined || written.value === null) throw new Error("nothing was written");
    const { type } = entry.message as { readonly type: string };
    const house = houseSchemas(nameOf).find(({ reading }) => reading.writer.record === type);
    const schema = JSON.parse(house?.text ?? "{}") as { fields: object[] };
    const added = { name: "added", type: ["null", "string"], default: null };
    const newerId = await client().register(
      house?.subject ?? "",
      JSON.stringify({ ...schema, fields: [...schema.fields, added] }),
    );
    const writer = await driver.openWriter();
    const headers = { ...headersOf(written), ce_dataschema: "urn:reveille:schema:of-a-newer-release" };
    for (const id of [999_999, newerId]) {
      const value = Buffer.concat([written.value, Buffer.from([0])]);
      value.writeInt32BE(id, 1);
      await writer.send(nameOf("requests"), partition, [{ key: entry.key, value, headers }]);
    }
    await writer.close();
    const found = await delivered(partition);
    expect(found.slice(-2)).toMatchObject([
      { ok: false, reason: "schema id 999999 is unknown here" },
      { ok: true, message: entry.message },
    ]);
  });
});

function headersOf(record: FetchedRecord): Record<string, string> {
  return Object.fromEntries(
    Object.entries(record.headers).map(([name, value]) => [name, Buffer.from(value ?? "").toString("utf8")]),
  );
}

async function applyByCommand(
  { addresses, url }: { readonly addresses: readonly string[]; readonly url: string },
  ...words: readonly string[]
) {
  const child = spawn(process.execPath, [MAIN, "topics", "apply", "--json", ...words], {
    env: {
      PATH: process.env["PATH"] ?? "",
      REVEILLE_KAFKA: addresses.join(","),
      REVEILLE_KAFKA_PREFIX: "another.",
      REVEILLE_KAFKA_PARTITIONS: "2",
      REVEILLE_KAFKA_REPLICAS: "1",
      REVEILLE_KAFKA_REGISTRY: url,
    },
    stdio: ["ignore", "pipe", "inherit"],
  });
  let said = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (said += text));
  const [code] = (await once(child, "close")) as [number];
  return { code, schemas: (JSON.parse(said) as { readonly schemas: SchemaChanges }).schemas };
}
