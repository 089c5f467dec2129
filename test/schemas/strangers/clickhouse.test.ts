/**
 * ClickHouse reads our records by their schema's id, as it would from a topic: its own format, its own Avro, and a
 * registry that answers what stands in the .avsc file. In a process of its own, where the embedded engine belongs.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { encodeBody, schemaOf } from "../../../schemas/message-body.ts";
import { SCHEMA_FOLDER } from "../../../schemas/schema-files.ts";
import { ARBITRARY_MESSAGES } from "../arbitrary-messages.ts";

const SAMPLES = 20;

function hasEngine(): boolean {
  try {
    createRequire(import.meta.url).resolve("chdb");
    return true;
  } catch {
    return false;
  }
}

async function queriedBy(sql: string): Promise<readonly unknown[]> {
  const script = `import { query } from "chdb"; process.stdout.write(query(process.argv[1], "JSONEachRow"));`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script, sql]);
  let [rows, wrong] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => (rows += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (wrong += text));
  const [code] = (await once(child, "close")) as [number];
  if (code !== 0) throw new Error(`ClickHouse ended with ${code}: ${wrong}`);
  const lines = rows.split("\n").filter((line) => line !== "");
  return lines.map((line) => JSON.parse(line) as unknown);
}

test("ClickHouse reads records with nothing but a registry's answer", async (context) => {
  if (!hasEngine()) context.skip("chdb, an optional package, is not installed");
  const messages = fc.sample(ARBITRARY_MESSAGES.events.CallCompleted, { seed: 11, numRuns: SAMPLES });
  const [first] = messages;
  if (first === undefined) throw new Error("fast-check gave no sample");
  const { record, version, id } = schemaOf("events", first);
  const schema = readFileSync(join(SCHEMA_FOLDER, "events", `${record}.v${version}.avsc`), "utf8");
  const asked: string[] = [];
  const registry = createServer((request, response) => {
    asked.push(request.url ?? "");
    response.setHeader("content-type", "application/vnd.schemaregistry.v1+json");
    response.end(JSON.stringify({ schema }));
  }).listen(0, "127.0.0.1");
  await once(registry, "listening");
  const folder = mkdtempSync(join(tmpdir(), "reveille-clickhouse-"));
  try {
    const file = join(folder, "records.bin");
    writeFileSync(file, Buffer.concat(messages.map((message) => encodeBody("events", message))));
    const url = `http://127.0.0.1:${(registry.address() as AddressInfo).port}`;
    const rows = await queriedBy(
      `SELECT offer, outcome, attempt, talkMs, sipCode, alerted
       FROM file('${file}', 'AvroConfluent', 'offer String, outcome String, attempt Int32,
         talkMs Int64, sipCode Nullable(Int32), alerted Bool')
       SETTINGS format_avro_schema_registry_url = '${url}'`,
    );
    expect(rows).toEqual(
      messages.map(({ offer, outcome, attempt, talkMs, sipCode, alerted }) => ({
        offer,
        outcome,
        attempt,
        talkMs,
        sipCode,
        alerted,
      })),
    );
    expect(asked).toEqual([`/schemas/ids/${id}`]);
  } finally {
    registry.closeAllConnections();
    await new Promise((resolve) => registry.close(resolve));
    rmSync(folder, { recursive: true, force: true });
  }
});
