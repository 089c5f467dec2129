/**
 * Durable intake by HTTP: one gateway process over the embedded log, its Senders in another process, every Request
 * of a Customer of its own (so each pays for a new data key). Against the bare store of the same host: the same
 * records at the same concurrency, appended and synced without HTTP, proof, policy facts or sealing. Beside it
 * what Node's bare HTTP server over that store takes under the same load, which tells HTTP's share from ours.
 */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { StoredRecord } from "../adapters/event-log/stored-record.ts";
import { type BenchHouse, startBenchHouse } from "./bench-house.ts";
import { printBench } from "./bench-line.ts";
import type { LoadOrder, LoadReport } from "./intake-load.ts";
import { percentile } from "./percentile.ts";
import { openRawStore, rawAppendsPerSecond } from "./raw-log.ts";

const CONNECTIONS = 64;
const WARM_UP_SECONDS = 3;
const OPEN_SECONDS = 10;
const CLOSED_SECONDS = 8;
const BARE_SECONDS = 4;
const RAW_SECONDS = 4;
const PER_SECOND = 500;
const SAMPLES = 1_000;

// For a profile: node bench/intake.ts "--cpu-prof --cpu-prof-dir=/tmp/profile"
const nodeOptions = process.argv[2];
const house = await startBenchHouse({
  roles: ["gateway"],
  settings: nodeOptions === undefined ? {} : { NODE_OPTIONS: nodeOptions },
});
const load = fork(fileURLToPath(new URL("./intake-load.ts", import.meta.url)));
let used = 0;
try {
  await run({ seconds: WARM_UP_SECONDS, perSecond: PER_SECOND });
  const open = await run({ seconds: OPEN_SECONDS, perSecond: PER_SECOND });
  const closed = await run({ seconds: CLOSED_SECONDS, perSecond: null });
  const samples = await recordsOf(house);
  const bare = await bareIntake();
  const raw = await rawAppendsPerSecond(samples, CONNECTIONS, RAW_SECONDS);
  const saturation = (closed.latenciesMs.length * 1_000) / closed.elapsedMs;
  printBench({
    name: "intake",
    figures: {
      openPerSecond: PER_SECOND,
      openP50Ms: percentile(open.latenciesMs, 0.5),
      openP99Ms: percentile(open.latenciesMs, 0.99),
      closedPerSecond: saturation,
      closedP99Ms: percentile(closed.latenciesMs, 0.99),
      bareHttpPerSecond: bare,
      shareOfBareHttp: saturation / bare,
      rawPerSecond: raw.perSecond,
      rawP99Ms: percentile(raw.latenciesMs, 0.99),
      recordBytes: sizeOf(samples),
      refused: open.refused + closed.refused,
    },
    ratio: saturation / raw.perSecond,
    against: "Requests acknowledged per second / records appended and synced to the bare store",
    goals: [
      { figure: "ratio", atLeast: 0.5 },
      { figure: "openP99Ms", atMost: 20 },
      { figure: "refused", atMost: 0 },
    ],
    command: "node bench/intake.ts",
  });
} finally {
  if (load.connected) load.disconnect();
  await house.stop();
}

/** Requests per second of a bare server that does nothing but make the body durable. */
async function bareIntake(): Promise<number> {
  const file = fileURLToPath(new URL("./bare-intake.ts", import.meta.url));
  const child = fork(file, [join(house.config.dataFolder, "bare.db")]);
  const ended = once(child, "exit");
  try {
    const [port] = (await once(child, "message")) as [number];
    const order = { host: "127.0.0.1", port, connections: CONNECTIONS, firstIndex: 0, perSecond: null };
    await ask(load, { ...order, seconds: 1 });
    const report = await ask(load, { ...order, seconds: BARE_SECONDS });
    return (report.latenciesMs.length * 1_000) / report.elapsedMs;
  } finally {
    child.disconnect();
    await ended;
  }
}

async function run(how: Pick<LoadOrder, "seconds" | "perSecond">): Promise<LoadReport> {
  const [host = "", port = ""] = house.gateway.split(":");
  const order: LoadOrder = { host, port: Number(port), connections: CONNECTIONS, firstIndex: used, ...how };
  const report = await ask(load, order);
  used += report.latenciesMs.length + report.refused;
  return report;
}

async function ask(child: ChildProcess, order: LoadOrder): Promise<LoadReport> {
  child.send(order);
  const gone = once(child, "exit").then(() => {
    throw new Error("bench: the Senders' process ended; it says why above");
  });
  const [report] = (await Promise.race([once(child, "message"), gone])) as [LoadReport];
  return report;
}

/** What the gateway wrote, to write the same again. */
async function recordsOf({ config }: BenchHouse): Promise<readonly StoredRecord[]> {
  const store = openRawStore(join(config.dataFolder, "log.db"));
  const samples = store.readBatch("requests", 0, { from: 0, to: Number.MAX_SAFE_INTEGER, limit: SAMPLES });
  await store.close();
  return samples;
}

function sizeOf(samples: readonly StoredRecord[]): number {
  const bytes = samples.reduce((sum, { value, envelope }) => sum + (value?.length ?? 0) + envelope.length, 0);
  return Math.round(bytes / samples.length);
}
