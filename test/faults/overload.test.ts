/** Row 52: far more Requests than the house can take: it says so, keeps what it took, and its memory stays. */
import { readFileSync } from "node:fs";
import { afterEach, expect, test } from "vitest";
import { BRIEF, makeHouse, type RestartableHouse } from "./restartable-house.ts";

const CLIENTS = 100;
const FLOOD_MS = 5_000;
/** A gateway at rest has about 150 MB; this is far from what an unbounded queue would take in that time. */
const RESIDENT_MB_MAX = 600;
const NOBODY = "127.0.0.1:9";

let house: RestartableHouse | null = null;
afterEach(() => house?.close());

function residentMb(pid: number | null): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) / 1_024;
}

test("a flood of Requests is answered with 202, 429 or 503 and nothing else; what has its 202 is in the log, and the memory stays bounded (row 52)", async (context) => {
  if (process.platform !== "linux") context.skip("the memory of a process is read from /proc");
  house = await makeHouse({ trunk: NOBODY, roles: ["dispatcher", "gateway"] });
  const it = house;
  await it.fleet.start();
  const statuses = new Map<number, number>();
  const accepted = new Set<string>();
  const until = performance.now() + FLOOD_MS;
  let asked = 0;
  async function client(): Promise<void> {
    while (performance.now() < until) {
      asked += 1;
      const to = `+1212${220 + (asked % 600)}${String(1_000 + (asked % 9_000))}`;
      const response = await it.post({ to, document: { inline: BRIEF } }, `flood-${asked}`);
      const answer = (await response.json()) as { readonly id?: string };
      statuses.set(response.status, (statuses.get(response.status) ?? 0) + 1);
      if (response.status === 202 && answer.id !== undefined) accepted.add(answer.id);
    }
  }
  await Promise.all(Array.from({ length: CLIENTS }, client));
  expect([...statuses.keys()].filter((status) => ![202, 429, 503].includes(status))).toEqual([]);
  expect(accepted.size).toBeGreaterThan(CLIENTS);
  expect(residentMb(it.fleet.pidOf("gateway"))).toBeLessThan(RESIDENT_MB_MAX);
  expect(residentMb(it.fleet.pidOf("dispatcher"))).toBeLessThan(RESIDENT_MB_MAX);
  expect(it.fleet.deaths).toEqual([]);

  const after = await it.ask({ to: "+12125550199", document: { inline: BRIEF } });
  const watching = await it.watch();
  await watching.event(after, "RequestQueued");
  await Promise.all([...accepted].map((request) => watching.event(request, "RequestReceived")));
  await watching.stop();
}, 120_000);
