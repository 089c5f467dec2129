/** Reveille for a bench: the roles asked for as processes of their own, over a data folder that goes away again. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createSupervisor } from "../adapters/process/supervisor.ts";
import { createSystemClock } from "../adapters/system/clock.ts";
import type { RoleName } from "../compose.ts";
import { type Config, readConfig } from "../config.ts";
import type { OperatorLog } from "../domain/ports/operator-log.ts";
import { applyDirectory, loopbackSettings } from "../test/support/house-setup.ts";

const MAIN = fileURLToPath(new URL("../main.ts", import.meta.url));
const SENDER = "bench";

export const API_KEY = "rvl_bench_sixteen-or-more-characters";

export type BenchHouse = {
  /** "host:port" of the HTTP gateway; empty where there is none. */
  readonly gateway: string;
  readonly config: Config;
  stop(): Promise<void>;
};

/** Says what goes wrong, and nothing else. */
export const benchLog: OperatorLog = { info: () => undefined, warn: complain, error: complain };

function complain(what: string, facts?: unknown): void {
  process.stderr.write(`bench: ${what} ${JSON.stringify(facts, readable)}\n`);
}

/** An error has no fields of its own that JSON would show. */
function readable(_: string, value: unknown): unknown {
  return value instanceof Error ? value.message : value;
}

/** Rules that let everything through, at any hour. `settings` go to the roles as their environment. */
export async function startBenchHouse(options: {
  readonly roles: readonly RoleName[];
  readonly trunk?: string;
  readonly settings?: Readonly<Record<string, string>>;
}): Promise<BenchHouse> {
  const folder = mkdtempSync(join(tmpdir(), "reveille-bench-"));
  const settings = {
    ...loopbackSettings(folder),
    ...(options.trunk === undefined ? {} : { REVEILLE_TRUNK: options.trunk }),
    ...options.settings,
  };
  const config = readConfig(settings);
  const form = {
    senders: [{ sender: SENDER, apiKey: API_KEY }],
    rules: { version: "bench@1", hours: [], volumeMax: 1_000_000, unknownZone: "allow" },
  } as const;
  await applyDirectory(config, form, benchLog);
  const supervisor = createSupervisor({
    entry: MAIN,
    roles: options.roles.map((role) => ({ role, env: settings })),
    clock: createSystemClock(),
    operatorLog: benchLog,
  });
  const listens = await supervisor.start();
  return {
    gateway: listens.get("gateway")?.["http"] ?? "",
    config,
    async stop() {
      await supervisor.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A valid number of its own for each index below 6,000,000; nobody is called there: the trunk is the bench's. */
export function benchNumber(index: number): string {
  const exchange = 220 + (index % 600);
  return `+1212${exchange}${String(Math.floor(index / 600) % 10_000).padStart(4, "0")}`;
}
