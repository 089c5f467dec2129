/** One run: a scenario from its first post to rest, and what did not hold. */
import type { RequestId } from "../../domain/kernel/identifiers.ts";
import { isTerminal } from "../../domain/request/events.ts";
import { liveCalls } from "./call-truth.ts";
import { watchCalls } from "./check-calls.ts";
import { linesHeld } from "./check-causes.ts";
import { checkLog } from "./check-log.ts";
import { checkService } from "./check-service.ts";
import { SERVER_SILENT_MS } from "./dispatcher-process.ts";
import { type Evidence, requestsAsked } from "./evidence.ts";
import { DECIDED_AT_MS } from "./faults.ts";
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
/** A line that is held for longer beside a house at rest is held for ever: twice what it takes to give a server up. */
const LOOKS_FOR_LINES_MAX = 30;
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

/** The fault that lasted longest is over, and whoever failed has started again. */
function calmFrom({ scenario, truth }: World): number {
  const untils = [...truth.silences, ...truth.outages].map(({ until }) => until);
  const announced = scenario.faults.map(({ at, kind, lengthMs }) => {
    if (kind === "restore-backup") return DECIDED_AT_MS;
    return kind === "close-country" || kind === "suspend-sender" ? at + lengthMs : at;
  });
  return Math.max(QUIET_AT_MS, ...untils, ...announced);
}

/** Every Request over, every call ended, every input handled, every port free. */
function isAtRest(world: World): boolean {
  if (!isCalm(world) || liveCalls(world.truth).length > 0 || !world.gateway.isReady()) return false;
  if (world.acknowledged.size < world.scenario.requests.length || !isInputHandled(world)) return false;
  return areAllOver(world) && busyServers(world).length === 0;
}

function areAllOver(world: World): boolean {
  const over = new Set<string | null>();
  for (let partition = 0; partition < PARTITIONS; partition += 1) {
    for (const { envelope, message } of world.store.records("events", partition)) {
      if (message !== null && isTerminal(message)) over.add(envelope.subject);
    }
  }
  const acknowledged = acknowledgedIn(world);
  return [...requestsAsked({ acknowledged, store: world.store })].every((request) => over.has(request));
}

function acknowledgedIn({ acknowledged }: World): ReadonlyMap<string, RequestId> {
  return new Map([...acknowledged].filter(([, request]) => request !== GIVEN_UP));
}

function evidenceOf(world: World): Evidence {
  const { store, broken, timeline, truth, scenario, logWorld } = world;
  const acknowledged = acknowledgedIn(world);
  const talks = truth.calls.flatMap(({ offer, answeredAt, endedAt, cutOff }) =>
    offer === null || endedAt === null || cutOff === true
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
      silences: truth.silences.map(({ process, ...period }) => ({ server: process, ...period })),
    },
    gateway: { board: world.gateway.board() },
    boardDelayMs: scenario.log.deliveryMsMax + 2 * QUIET.deliveryMsMax,
    serverSilentMs: SERVER_SILENT_MS,
    talks: new Map(talks),
    tornGrants: logWorld.tornGrants,
    unknowable: truth.unknowable,
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
    const rests = looks >= LOOKS && (linesHeld(world.store).length === 0 || looks >= LOOKS_FOR_LINES_MAX);
    over = rests || timeline.now() > QUIET_AT_MS + REST_MS_MAX;
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
    checkService(evidence, calmFrom(world), report);
  }
  return {
    violations,
    steps: timeline.steps(),
    calls: world.truth.calls.length,
    simulatedMs: timeline.now(),
    hash: hashOf(world),
  };
}
