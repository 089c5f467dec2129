/** One run: a scenario from its first post to rest, and what did not hold. */
import { liveCalls } from "./call-truth.ts";
import { watchCalls } from "./check-calls.ts";
import { checkLog } from "./check-log.ts";
import { checkService } from "./check-service.ts";
import { type Evidence, isOver, requestsAsked } from "./evidence.ts";
import { begin } from "./happenings.ts";
import { NO_PLANT, type Plant } from "./plant.ts";
import { QUIET_AT_MS, type Scenario } from "./scenario.ts";
import { PARTITIONS } from "./sim-store.ts";
import { STEPS_MAX } from "./timeline.ts";
import type { Violation } from "./violation.ts";
import { createWorld, GIVEN_UP, QUIET, type World } from "./world.ts";

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
/** Looks in a row that must find rest: what is on its way at the first has arrived by the last. */
const LOOKS = 3;
/** The faults that began last are over, and everybody has started again. */
const CALM_AT_MS = QUIET_AT_MS + 40_000;

/** Reports older than this say that a server is not there. */
const REPORT_AGE_MS_MAX = 5_000;

function busyServers(world: World): string[] {
  const newest = new Map<string, { readonly used: number; readonly at: number }>();
  for (const { message, at } of world.store.all("load")) {
    if (message === null) continue;
    newest.set(message.server, { used: message.inUseOutbound + message.inUseInbound + message.held, at });
  }
  return world.servers
    .filter(({ name }) => {
      const report = newest.get(name);
      return report === undefined || report.used > 0 || report.at < world.timeline.now() - REPORT_AGE_MS_MAX;
    })
    .map(({ name }) => name);
}

function isInputHandled({ store }: World): boolean {
  for (let partition = 0; partition < PARTITIONS; partition += 1) {
    const newest = store.records("requests", partition).at(-1)?.offset ?? -1;
    if ((store.position(partition) ?? -1) < newest) return false;
  }
  return true;
}

/** Whatever began before the quiet is over. */
function isCalm({ timeline, truth }: World): boolean {
  const now = timeline.now();
  return now >= QUIET_AT_MS && [...truth.silences, ...truth.outages].every(({ until }) => until < now);
}

/** Every Request over, every call ended, every input handled, every port free. */
function isAtRest(world: World): boolean {
  if (!isCalm(world) || liveCalls(world.truth).length > 0 || !world.gateway.isReady()) return false;
  if (world.acknowledged.size < world.scenario.requests.length || !isInputHandled(world)) return false;
  return areAllOver(world) && busyServers(world).length === 0;
}

function areAllOver(world: World): boolean {
  const open = new Set(requestsAsked(evidenceOf(world)));
  for (const record of world.store.all("events")) {
    const { subject } = record.envelope;
    if (isOver([record])) open.delete(subject as never);
  }
  return open.size === 0;
}

function evidenceOf(world: World): Evidence {
  const { store, broken, timeline, truth, scenario, logWorld } = world;
  const acknowledged = new Map([...world.acknowledged].filter(([, request]) => request !== GIVEN_UP));
  const talks = truth.calls.flatMap(({ offer, answeredAt, endedAt, life }) =>
    offer === null || endedAt === null || !life.alive
      ? []
      : [[offer, answeredAt === null ? 0 : endedAt - answeredAt] as const],
  );
  return {
    store,
    acknowledged,
    broken,
    timeline,
    truth: {
      calls: truth.calls,
      silences: truth.silences.map(({ process, from, until }) => ({ server: process, from, until })),
    },
    gateway: { board: world.gateway.board() },
    boardDelayMs: scenario.log.deliveryMsMax + 2 * QUIET.deliveryMsMax,
    talks: new Map(talks),
    tornOffers: logWorld.tornOffers,
  };
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
  let looks = 0;
  let over = false;
  const look = (): void => {
    looks = isAtRest(world) ? looks + 1 : 0;
    over = looks >= LOOKS || timeline.now() > QUIET_AT_MS + REST_MS_MAX;
    if (!over) timeline.at(LOOK_MS, null, look);
  };
  begin(world);
  timeline.at(QUIET_AT_MS, null, look);
  await timeline.run(() => over || violations.length > 0);
  if (violations.length === 0 && (looks < LOOKS || timeline.steps() > STEPS_MAX)) {
    report("I12", `no rest after ${timeline.now()} ms and ${timeline.steps()} steps`);
    for (const server of busyServers(world)) report("I16", `${server} still has ports in use`);
  }
  // What stopped a run in its middle left the rest undone.
  if (over || violations[0]?.invariant === "I12") {
    const evidence = evidenceOf(world);
    await checkLog(evidence, report);
    checkService(evidence, CALM_AT_MS, report);
  }
  return {
    violations,
    steps: timeline.steps(),
    calls: world.truth.calls.length,
    simulatedMs: timeline.now(),
    hash: hashOf(world),
  };
}
