/** What the reports hold, as a count and a hash for each view, so that a rebuild can be held against them. */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { createFleet, type FleetRole } from "./fleet.ts";

/** By view: rows and hash as one text. */
export type Fingerprint = Readonly<Record<string, string>>;

const VIEWS = ["v_calls", "v_requests", "v_events"] as const;
const CAUGHT_UP_MS_MAX = 60_000;
const LOOK_MS = 100;

export async function readReports(url: string): Promise<Fingerprint> {
  await caughtUp(url);
  const print: Record<string, string> = {};
  for (const view of VIEWS) print[view] = await ask(url, view);
  return print;
}

/** Resolves when nothing of the log is missing in the tables. */
async function caughtUp(url: string): Promise<void> {
  const deadline = performance.now() + CAUGHT_UP_MS_MAX;
  for (;;) {
    const lag = await fetch(`${url}/healthz`).then(
      async (response) =>
        ((await response.json()) as { lag: { pendingEvents: number; caughtUp: boolean } }).lag,
      () => null,
    );
    if (lag?.caughtUp === true && lag.pendingEvents === 0) return;
    if (performance.now() > deadline) throw new Error("chaos: the reports did not catch up with the log");
    await pause(LOOK_MS);
  }
}

async function ask(url: string, view: string): Promise<string> {
  const response = await fetch(`${url}/sql?format=json`, {
    method: "POST",
    headers: { "content-type": "application/sql" },
    body: `SELECT count() AS n, toString(sum(cityHash64(*))) AS h FROM ${view}`,
  });
  const body = await response.text();
  if (!response.ok) throw new Error(`chaos: ${view} answered ${response.status}: ${body}`);
  return JSON.stringify((JSON.parse(body) as { readonly rows: unknown }).rows);
}

/** The tables are removed and made again from the log, by a reporting role alone. */
export async function rebuiltReports(
  house: { readonly roles: readonly FleetRole[]; readonly reports: string },
  folder: string,
): Promise<Fingerprint> {
  rmSync(join(folder, "data", "analytics"), { recursive: true, force: true });
  const roles = house.roles.filter(({ role }) => role === "reporting");
  const fleet = createFleet(roles, folder, () => undefined);
  try {
    await fleet.start();
    return await readReports(house.reports);
  } finally {
    await fleet.stop();
  }
}
