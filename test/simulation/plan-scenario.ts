/** Draws a scenario from a seed, from a stream of its own: a shrunk scenario keeps the dice of its run. */
import { createDice, type Dice } from "./dice.ts";
import type { LogFaults } from "./log-world.ts";
import { CLOSED_FROM_MS } from "./rules.ts";
import {
  type FaultKind,
  type PlannedCaller,
  type PlannedFault,
  type PlannedRequest,
  QUIET_AT_MS,
  type Scenario,
} from "./scenario.ts";

const CUSTOMERS = 6;
/** Longer than any process takes to start. */
const COLD_START_MS = 3_000;

const BASE: LogFaults = {
  appendFails: 0.05,
  ackLost: 0.05,
  repeated: 0.1,
  torn: 0.01,
  deliveryMsMax: 200,
};
/** By seed: what the log is worst at. */
const MIXES: readonly Partial<LogFaults>[] = [
  {},
  { repeated: 0.3 },
  { torn: 0.05 },
  { ackLost: 0.3, appendFails: 0.2 },
  { deliveryMsMax: 3_000 },
];

/** A kind that stands here twice happens twice as often. */
const FAULTS: readonly FaultKind[] = [
  ..."crash-server crash-server crash-server crash-dispatcher crash-dispatcher crash-gateway".split(" "),
  ..."pause-server pause-dispatcher cut-off deaf mute outage load-outage step-clock".split(" "),
  ..."rebalance rebalance power-cut close-country suspend-sender".split(" "),
] as FaultKind[];

const SHORT_MS = [200, 2_200] as const;
const LENGTHS: Readonly<Partial<Record<FaultKind, readonly [number, number]>>> = {
  "pause-server": [300, 6_000],
  "pause-dispatcher": [300, 20_000],
  "cut-off": [300, 4_000],
  deaf: [300, 4_000],
  mute: [300, 4_000],
  outage: [300, 15_000],
  "load-outage": [1_000, 40_000],
  "step-clock": [-3_600_000, 3_600_000],
  "close-country": [500, 20_000],
  "suspend-sender": [500, 20_000],
};
/** Long enough for a server to be declared gone meanwhile, and short enough for it to return. */
const LONG_MS = [12_000, 30_000] as const;
const LONG_KINDS: readonly FaultKind[] = ["pause-server", "cut-off", "deaf", "mute"];
const LONG = 0.25;

/** Moments at which it hurts most that a server fails. */
const STRIKE_ON = ["Dispatched", "Accepted", "CallPlaced", "CallAnswered", "CallCompleted"] as const;
const ON_SERVERS: readonly FaultKind[] = ["crash-server", ...LONG_KINDS];
const STRIKES_ON = 0.3;

/** Phases in which a Request is taken back. */
const CANCEL_ON = [
  "RequestReceived",
  "RequestScheduled",
  "RequestQueued",
  "Dispatched",
  "Accepted",
  "CallPlaced",
  "CallRinging",
  "CallAnswered",
  "RetryScheduled",
] as const;

/** Some give up soon, most before a line that did not answer is called again, some wait for that. */
function planPatience(dice: Dice): number {
  if (dice.happens(0.2)) return dice.between(500, 30_000);
  return dice.happens(0.75) ? 90_000 : 400_000;
}

/** Hours that close meet calls that are just about to leave. */
const BEFORE_CLOSING_MS_MAX = 800;

function planStart(dice: Dice, at: number, closing: boolean): number | null {
  if (closing && dice.happens(0.6)) return CLOSED_FROM_MS - dice.between(0, BEFORE_CLOSING_MS_MAX);
  return dice.happens(0.15) ? at + dice.between(0, 60_000) : null;
}

function planRequest(dice: Dice, index: number, closing: boolean): PlannedRequest {
  const at = dice.between(0, 20_000);
  const notBefore = planStart(dice, at, closing);
  return {
    key: `key-${index}`,
    at,
    customer: dice.between(0, CUSTOMERS - 1),
    enhanced: dice.happens(0.5),
    bulk: dice.happens(0.3),
    rank: dice.between(0, 9),
    onLost: dice.happens(0.4) ? "retry" : "stop",
    maxAttempts: dice.between(1, 3),
    notBefore,
    deadline: (notBefore ?? at) + planPatience(dice),
    cancelAt: dice.happens(0.1) ? at + dice.between(100, 30_000) : null,
    cancelOn: dice.happens(0.2) ? dice.pick(CANCEL_ON) : null,
    replayAt: dice.happens(0.2) ? at + dice.between(100, 50_000) : null,
  };
}

/** All kinds, or a few of them only: what many kinds together would cover up shows among few. */
function planKinds(dice: Dice): readonly FaultKind[] {
  if (dice.happens(0.5)) return FAULTS;
  const few = FAULTS.filter(() => dice.happens(0.25));
  return few.length > 0 ? few : FAULTS;
}

function planFault(dice: Dice, kinds: readonly FaultKind[], at: number): PlannedFault {
  const kind = dice.pick(kinds);
  const long = LONG_KINDS.includes(kind) && dice.happens(LONG);
  const [least, most] = long ? LONG_MS : (LENGTHS[kind] ?? SHORT_MS);
  const on = ON_SERVERS.includes(kind) && dice.happens(STRIKES_ON) ? dice.pick(STRIKE_ON) : null;
  return { at, kind, which: dice.between(0, 7), lengthMs: dice.between(least, most), on };
}

function planFaults(dice: Dice): PlannedFault[] {
  const kinds = planKinds(dice);
  const faults: PlannedFault[] = [];
  for (let at = dice.between(300, 4_000); at < QUIET_AT_MS; at += dice.between(300, 6_000)) {
    faults.push(planFault(dice, kinds, at));
  }
  return faults;
}

function planCaller(dice: Dice): PlannedCaller {
  return {
    at: dice.between(1_000, QUIET_AT_MS),
    server: dice.between(0, 7),
    customer: dice.happens(0.5) ? dice.between(0, CUSTOMERS - 1) : null,
    talkMs: dice.between(500, 10_000),
  };
}

type Rules = Pick<Scenario, "closing" | "volumeMax" | "volumePeriodMs">;

function planRules(dice: Dice): Rules {
  const tight = dice.happens(0.2);
  return {
    closing: dice.happens(0.15),
    volumeMax: tight ? dice.between(1, 2) : 30,
    volumePeriodMs: tight ? 45_000 : 86_400_000,
  };
}

/** What happens under this seed; the mix of faults goes by the seed. `closing`: instead of what is drawn. */
export function scenarioOf(seed: number, closing?: boolean): Scenario {
  const dice = createDice(seed ^ 0x5eed);
  const wide = dice.happens(0.2);
  const requests = wide ? 20 : dice.between(1, 12);
  const ports = wide ? 1 : dice.between(1, 3);
  const drawn = planRules(dice);
  const rules = { ...drawn, closing: closing ?? drawn.closing };
  return {
    seed,
    servers: wide ? 6 : dice.between(1, 4),
    ports,
    inboundReserve: ports > 1 && dice.happens(0.2) ? 1 : 0,
    dispatchers: dice.between(1, 2),
    syncMs: dice.pick([3, 3, 3, 100]),
    coldStartMs: seed % 2 === 0 ? COLD_START_MS : 0,
    markers: dice.pick([0, 1]),
    log: { ...BASE, ...MIXES[seed % MIXES.length] },
    ...rules,
    requests: Array.from({ length: requests }, (_, index) => planRequest(dice, index, rules.closing)),
    callers: Array.from({ length: dice.between(0, 6) }, () => planCaller(dice)),
    faults: planFaults(dice),
  };
}

/** The same people, with a power cut every few seconds and a disk so slow that much is visible and not durable. */
export function powerCutsOf(seed: number): Scenario {
  const scenario = scenarioOf(seed);
  const faults: PlannedFault[] = [];
  for (let at = 2_500; at < QUIET_AT_MS; at += 2_700)
    faults.push({ at, kind: "power-cut", which: 0, lengthMs: 0, on: null });
  return { ...scenario, syncMs: 300, coldStartMs: 0, log: { ...BASE, deliveryMsMax: 5, torn: 0 }, faults };
}

/** In the middle of a run the log is put back by some seconds. */
export function restoredOf(seed: number): Scenario {
  const dice = createDice(seed ^ 0xbac0);
  const lengthMs = dice.between(3_000, 20_000);
  const at = dice.between(25_000, 45_000);
  const restore: PlannedFault = { at, kind: "restore-backup", which: 0, lengthMs, on: null };
  return { ...scenarioOf(seed), coldStartMs: COLD_START_MS, log: BASE, faults: [restore] };
}
