/** One run: a scenario from its first post to rest, and what did not hold. */
import { liveCalls } from "./call-truth.ts";
import { watchCalls } from "./check-calls.ts";
import { checkLog, historiesOf, isOver, requestsAsked } from "./check-log.ts";
import { begin } from "./happenings.ts";
import { NO_PLANT, type Plant } from "./plant.ts";
import { QUIET_AT_MS, type Scenario } from "./scenario.ts";
import { PARTITIONS } from "./sim-store.ts";
import { STEPS_MAX } from "./timeline.ts";
import type { Violation } from "./violation.ts";
import { createWorld, type World } from "./world.ts";

export type Outcome = {
  readonly violations: readonly Violation[];
  readonly steps: number;
  readonly calls: number;
  readonly simulatedMs: number;
  /** The same for the same seed. */
  readonly hash: string;
};

/** After the last fault everything must be at rest within this. */
const REST_MS_MAX = 1_200_000;
const LOOK_MS = 1_000;

/** Every Request over, every call ended, every input handled, every port free. */
function isAtRest(world: World): boolean {
  if (world.timeline.now() < QUIET_AT_MS || liveCalls(world.truth).length > 0) return false;
  if (world.acknowledged.size < world.scenario.requests.length) return false;
  for (let partition = 0; partition < PARTITIONS; partition += 1) {
    if ((world.store.position(partition) ?? -1) < world.store.records("requests", partition).length - 1)
      return false;
  }
  const histories = historiesOf(world);
  for (const request of requestsAsked(world)) if (!isOver(histories.get(request))) return false;
  return busyServers(world).length === 0;
}

function busyServers(world: World): string[] {
  const newest = new Map<string, { readonly used: number; readonly at: number }>();
  for (const { message, at } of world.store.all("load")) {
    if (message === null) continue;
    newest.set(message.server, { used: message.inUseOutbound + message.inUseInbound + message.held, at });
  }
  return world.servers
    .filter(({ name }) => {
      const report = newest.get(name);
      return report === undefined || report.used > 0 || report.at < world.timeline.now() - 5 * LOOK_MS;
    })
    .map(({ name }) => name);
}

function hashOf(world: World): string {
  let hash = world.timeline.hash();
  for (const { envelope, message } of world.store.all("events")) {
    for (const character of `${envelope.id}${message?.type ?? ""}`) {
      hash = Math.imul(hash ^ character.charCodeAt(0), 0x01000193);
    }
  }
  return (hash >>> 0).toString(16).padStart(8, "0");
}

export async function simulate(scenario: Scenario, plant: Plant = NO_PLANT): Promise<Outcome> {
  const violations: Violation[] = [];
  const report = (invariant: string, what: string): void => void violations.push({ invariant, what });
  const world = createWorld(scenario, plant, (made) => watchCalls(made, report));
  const { timeline } = world;
  let settledLooks = 0;
  let over = false;
  const look = (): void => {
    // Twice in a row: what is on its way at the first look has arrived by the second.
    settledLooks = isAtRest(world) ? settledLooks + 1 : 0;
    over = settledLooks > 2 || timeline.now() > QUIET_AT_MS + REST_MS_MAX;
    if (!over) timeline.at(LOOK_MS, null, look);
  };
  begin(world);
  timeline.at(QUIET_AT_MS, null, look);
  await timeline.run(() => over || violations.length > 0);
  if (violations.length === 0 && (settledLooks === 0 || timeline.steps() > STEPS_MAX)) {
    report("I12", `no rest after ${timeline.now()} ms and ${timeline.steps()} steps`);
    for (const server of busyServers(world)) report("I16", `${server} still has ports in use`);
  }
  const stoppedEarly = violations.length > 0 && settledLooks === 0;
  if (!stoppedEarly || violations[0]?.invariant === "I12") await checkLog(world, report);
  return {
    violations,
    steps: timeline.steps(),
    calls: world.truth.calls.length,
    simulatedMs: timeline.now(),
    hash: hashOf(world),
  };
}
