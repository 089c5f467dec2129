/**
 * A real schema registry on this machine, in memory, until Ctrl-C:
 *   node deploy/schema-registry/registry.ts [--port 8085]
 * Needs Java 17 or later; the first time Maven, too. The tests start theirs with the same function.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { parseArgs } from "node:util";
import { gatherRegistry, REGISTRY_JAR } from "./registry-jars.ts";

const READY_LOOKS_MAX = 750;
const READY_LOOK_MS = 200;
/** Kept of what it says, for when it does not start. */
const LAST_WORDS_LENGTH_MAX = 4_000;

export type Registry = {
  /** Where Confluent's interface is served. */
  readonly url: string;
  /** Ends it with all that it knows. */
  stop(): Promise<void>;
};

/** Resolves when it answers. The program must be there: see registry-jars.ts. `port` 0 takes any. */
export async function startRegistry(port: number = 0): Promise<Registry> {
  const chosen = port === 0 ? await freePort() : port;
  const home = mkdtempSync(join(tmpdir(), "reveille-registry-"));
  const child = spawn("java", ["-Xmx512m", "-jar", REGISTRY_JAR], {
    cwd: home,
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      ...process.env,
      APICURIO_STORAGE_KIND: "sql",
      APICURIO_STORAGE_SQL_KIND: "h2",
      QUARKUS_HTTP_HOST: "127.0.0.1",
      QUARKUS_HTTP_PORT: String(chosen),
    },
  });
  let lastWords = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      lastWords = (lastWords + text).slice(-LAST_WORDS_LENGTH_MAX);
    });
  }
  const gone = once(child, "exit");
  const url = `http://127.0.0.1:${chosen}/apis/ccompat/v7`;

  async function stop(): Promise<void> {
    child.kill("SIGKILL");
    await gone;
    rmSync(home, { recursive: true, force: true });
  }

  for (let looks = 0; looks < READY_LOOKS_MAX && child.exitCode === null; looks += 1) {
    if (await answers(url)) return { url, stop };
    await setTimeout(READY_LOOK_MS);
  }
  await stop();
  throw new Error(`the schema registry did not start; its last words:\n${lastWords}`);
}

async function answers(url: string): Promise<boolean> {
  const answer = await fetch(`${url}/subjects`).catch(() => null);
  await answer?.arrayBuffer();
  return answer?.ok === true;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { port: { type: "string", default: "8085" } } });
  const { promise: asked, resolve: ask } = Promise.withResolvers<void>();
  // Before it starts: what has been started is also ended.
  process.once("SIGINT", ask);
  process.once("SIGTERM", ask);
  await gatherRegistry();
  const registry = await startRegistry(Number(values.port));
  process.stdout.write(`${registry.url}\n`);
  await asked;
  await registry.stop();
}

if (import.meta.main) await main();
