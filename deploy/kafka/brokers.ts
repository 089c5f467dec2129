/**
 * One or three real Kafka brokers on this machine, in a fresh folder, until Ctrl-C:
 *   node deploy/kafka/brokers.ts [--brokers 3]
 * Needs Java 17 or later; the first time Maven, too. The tests start theirs with the same functions.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { gatherJars, JARS } from "./broker-jars.ts";
import { type BrokerPlan, brokerSettings, type SecureDoor } from "./broker-settings.ts";

const READY_LINE = "Kafka Server started";
/** Some 3 s on a quiet machine; much more where three start beside a load. */
const READY_WAIT_MS = 120_000;
const STOP_WAIT_MS = 15_000;
/**
 * These live for seconds or minutes and share the machine with what talks to them. The optimizing compiler and the
 * parallel collector, made for servers that run for months, would keep two cores busy all that time.
 */
const JAVA_OPTIONS = ["-Xmx512m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"];
/** Kept of what a broker says, for when it does not start. */
const LAST_LINES_MAX = 30;

export type Brokers = {
  /** "127.0.0.1:port" of each, in order. */
  readonly addresses: readonly string[];
  /** The same of the doors with TLS and a login; none unless asked for. */
  readonly secureAddresses: readonly string[];
  /** Where they keep everything; it goes with them. */
  readonly folder: string;
  /** Ends one as a power cut would. */
  kill(index: number): Promise<void>;
  /** Asks one to end, and waits until it has. */
  halt(index: number): Promise<void>;
  /** Starts one again that was ended, on the same folder and port. */
  restart(index: number): Promise<void>;
  /** Ends all and removes their folder. */
  stop(): Promise<void>;
};

/**
 * Resolves when every broker takes requests. The jars must be there: see broker-jars.ts. `advertisedPorts`, one for
 * each broker, are where clients are sent instead. `door` opens a second one with TLS and a login.
 */
export async function startBrokers(
  count: 1 | 3,
  advertisedPorts: readonly number[] = [],
  door: SecureDoor | null = null,
): Promise<Brokers> {
  const home = mkdtempSync(join(tmpdir(), "reveille-kafka-"));
  const running: (ChildProcess | undefined)[] = [];
  const plans = (await planCluster(count, home, door)).map((plan, index) => {
    const advertisedPort = advertisedPorts[index];
    return advertisedPort === undefined ? plan : { ...plan, advertisedPort };
  });

  async function start(index: number): Promise<void> {
    const child = spawn(
      "java",
      [...JAVA_OPTIONS, "-cp", join(JARS, "*"), "kafka.Kafka", settingsFile(home, index)],
      {
        stdio: ["ignore", "pipe", "pipe"],
        // A group of its own: Ctrl-C is for whoever started it, whose processes still need it while they end.
        detached: true,
      },
    );
    running[index] = child;
    await untilReady(child);
  }

  async function end(index: number, signal: "SIGTERM" | "SIGKILL"): Promise<void> {
    const child = running[index];
    running[index] = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, "exit");
    const impatience = setTimeout(() => child.kill("SIGKILL"), STOP_WAIT_MS);
    child.kill(signal);
    await gone;
    clearTimeout(impatience);
  }

  async function stop(): Promise<void> {
    // All at once: two of three can't elect a controller, and would wait for it.
    await Promise.all(plans.map((_, index) => end(index, count === 1 ? "SIGTERM" : "SIGKILL")));
    rmSync(home, { recursive: true, force: true });
  }

  try {
    await formatFolders(plans, home);
    await Promise.all(plans.map((_, index) => start(index)));
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    addresses: plans.map(({ port }) => `127.0.0.1:${port}`),
    folder: home,
    secureAddresses: plans.flatMap(({ secure }) =>
      secure === undefined ? [] : [`127.0.0.1:${secure.port}`],
    ),
    kill: (index) => end(index, "SIGKILL"),
    halt: (index) => end(index, "SIGTERM"),
    restart: start,
    stop,
  };
}

async function planCluster(
  count: number,
  home: string,
  door: SecureDoor | null,
): Promise<readonly BrokerPlan[]> {
  const ports = await freePorts(3 * count);
  return Array.from({ length: count }, (_, index) => ({
    node: index + 1,
    port: ports[3 * index] ?? 0,
    controllerPort: ports[3 * index + 1] ?? 0,
    folder: join(home, `data-${index}`),
    ...(door === null ? {} : { secure: { ...door, port: ports[3 * index + 2] ?? 0 } }),
  }));
}

/** Held all together before they are let go, so that no two are the same. */
async function freePorts(count: number): Promise<readonly number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer().listen(0, "127.0.0.1");
      await once(server, "listening");
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

/** One in 64 would begin with a hyphen, and be taken for an option by the tool that it is given to. */
function newClusterId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  // The first character is made of the first six bits; with the highest one unset it is a letter.
  bytes[0] = (bytes[0] ?? 0) & 0x7f;
  return Buffer.from(bytes).toString("base64url");
}

async function formatFolders(plans: readonly BrokerPlan[], home: string): Promise<void> {
  const cluster = newClusterId();
  for (const [index, plan] of plans.entries()) {
    mkdirSync(plan.folder);
    const file = settingsFile(home, index);
    writeFileSync(file, brokerSettings(plan, plans));
    await runTool(["kafka.tools.StorageTool", "format", "-t", cluster, "-c", file, ...scramUser(plan)]);
  }
}

/** Kafka keeps these in its own metadata, not in its settings. */
function scramUser({ secure }: BrokerPlan): readonly string[] {
  if (secure === undefined) return [];
  return ["--add-scram", `SCRAM-SHA-512=[name=${secure.username},password=${secure.password}]`];
}

function settingsFile(home: string, index: number): string {
  return join(home, `broker-${index}.properties`);
}

async function runTool(command: readonly string[]): Promise<void> {
  const tool = spawn("java", ["-cp", join(JARS, "*"), ...command], { stdio: "ignore" });
  const [code] = (await once(tool, "exit")) as [number | null];
  if (code !== 0) throw new Error(`java ${command.join(" ")} ended with ${code}; are the jars in ${JARS}?`);
}

async function untilReady(child: ChildProcess): Promise<void> {
  const said: string[] = [];
  const ready = Promise.withResolvers<void>();
  const fail = (why: string): void => {
    ready.reject(new Error(`a Kafka broker did not start (${why}); its last words:\n${said.join("\n")}`));
  };
  for (const stream of [child.stdout, child.stderr]) {
    if (stream === null) continue;
    // To the end, or a full pipe would stop the broker.
    createInterface({ input: stream }).on("line", (line) => {
      said.push(line);
      if (said.length > LAST_LINES_MAX) said.shift();
      if (line.includes(READY_LINE)) ready.resolve();
    });
  }
  child.once("error", (error) => fail(error.message));
  child.once("exit", (code) => fail(`ended with ${code}`));
  const impatience = setTimeout(() => fail(`not ready after ${READY_WAIT_MS} ms`), READY_WAIT_MS);
  try {
    await ready.promise;
  } finally {
    clearTimeout(impatience);
  }
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { brokers: { type: "string", default: "1" } } });
  if (values.brokers !== "1" && values.brokers !== "3") {
    throw new Error(`--brokers ${values.brokers}: one or three, e.g. --brokers 3`);
  }
  await gatherJars();
  const brokers = await startBrokers(values.brokers === "3" ? 3 : 1);
  process.stdout.write(`${brokers.addresses.join(",")}\n`);
  const { promise: asked, resolve: ask } = Promise.withResolvers<void>();
  process.once("SIGINT", ask);
  process.once("SIGTERM", ask);
  await asked;
  await brokers.stop();
}

if (import.meta.main) await main();
