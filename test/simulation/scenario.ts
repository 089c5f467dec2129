/**
 * Everything that a seed decides beforehand: the installation, who asks for what, and what goes wrong when. Plain
 * data, so that a failing one can be shrunk and kept.
 */
import { createDice, type Dice } from "./dice.ts";
import type { LogFaults } from "./log-world.ts";

export type PlannedRequest = {
  readonly key: string;
  readonly at: number;
  /** Which of the Customers; few, so that they meet. */
  readonly customer: number;
  readonly enhanced: boolean;
  readonly onLost: "stop" | "retry";
  readonly maxAttempts: number;
  readonly notBefore: number | null;
  readonly deadline: number;
  readonly cancelAt: number | null;
  /** The Sender, or somebody with its message, posts it once more. */
  readonly replayAt: number | null;
};

type PlannedCaller = {
  readonly at: number;
  readonly server: number;
  readonly customer: number | null;
  readonly talkMs: number;
};

export type PlannedFault = {
  readonly at: number;
  readonly kind:
    | "crash-server"
    | "crash-dispatcher"
    | "crash-gateway"
    | "pause-server"
    | "pause-dispatcher"
    | "cut-off"
    | "outage"
    | "step-clock"
    | "rebalance"
    | "power-cut"
    | "close-country"
    | "suspend-sender";
  /** Index of the server, or of the process. */
  readonly which: number;
  readonly lengthMs: number;
};

export type Scenario = {
  readonly seed: number;
  readonly servers: number;
  readonly ports: number;
  readonly inboundReserve: number;
  readonly dispatchers: number;
  /** From visible to durable. */
  readonly syncMs: number;
  readonly log: LogFaults;
  readonly requests: readonly PlannedRequest[];
  readonly callers: readonly PlannedCaller[];
  readonly faults: readonly PlannedFault[];
};

/** Faults end here; from then on everything must come to rest. */
export const QUIET_AT_MS = 60_000;
const CUSTOMERS = 6;

const BASE: LogFaults = {
  appendFails: 0.05,
  ackLost: 0.05,
  repeated: 0.1,
  torn: 0.01,
  deliveryMsMax: 200,
};
const MIXES: readonly Partial<LogFaults>[] = [
  {},
  { repeated: 0.3 },
  { torn: 0.05 },
  { ackLost: 0.3, appendFails: 0.2 },
  { deliveryMsMax: 3_000 },
];

const FAULTS: readonly PlannedFault["kind"][] = [
  ..."crash-server crash-server crash-server crash-dispatcher crash-dispatcher crash-gateway".split(" "),
  ..."pause-server pause-dispatcher cut-off outage step-clock rebalance rebalance".split(" "),
  ..."power-cut close-country suspend-sender".split(" "),
] as PlannedFault["kind"][];

const LENGTHS: Readonly<Partial<Record<PlannedFault["kind"], readonly [number, number]>>> = {
  "pause-server": [300, 6_000],
  "pause-dispatcher": [300, 20_000],
  "cut-off": [300, 4_000],
  outage: [300, 15_000],
  "step-clock": [-3_600_000, 3_600_000],
  "close-country": [500, 20_000],
  "suspend-sender": [500, 20_000],
};

function planRequest(dice: Dice, index: number): PlannedRequest {
  const at = dice.between(0, 20_000);
  const notBefore = dice.happens(0.15) ? at + dice.between(0, 60_000) : null;
  return {
    key: `key-${index}`,
    at,
    customer: dice.between(0, CUSTOMERS - 1),
    enhanced: dice.happens(0.5),
    onLost: dice.happens(0.4) ? "retry" : "stop",
    maxAttempts: dice.between(1, 3),
    notBefore,
    deadline: (notBefore ?? at) + (dice.happens(0.2) ? dice.between(500, 30_000) : 400_000),
    cancelAt: dice.happens(0.25) ? at + dice.between(100, 30_000) : null,
    replayAt: dice.happens(0.2) ? at + dice.between(100, 50_000) : null,
  };
}

function planFault(dice: Dice, at: number): PlannedFault {
  const kind = dice.pick(FAULTS);
  const [least, most] = LENGTHS[kind] ?? [200, 2_200];
  return { at, kind, which: dice.between(0, 7), lengthMs: dice.between(least, most) };
}

function planFaults(dice: Dice): PlannedFault[] {
  const faults: PlannedFault[] = [];
  for (let at = dice.between(300, 4_000); at < QUIET_AT_MS; at += dice.between(300, 6_000)) {
    faults.push(planFault(dice, at));
  }
  return faults;
}

/** What happens under this seed; the mix of faults goes by the seed. */
export function scenarioOf(seed: number): Scenario {
  // Another stream than the run's own: a shrunk scenario keeps its dice.
  const dice = createDice(seed ^ 0x5eed);
  const wide = dice.happens(0.2);
  const requests = wide ? 20 : dice.between(1, 12);
  return {
    seed,
    servers: wide ? 6 : dice.between(1, 4),
    ports: wide ? 1 : dice.between(1, 3),
    inboundReserve: !wide && dice.happens(0.2) ? 1 : 0,
    dispatchers: dice.between(1, 2),
    syncMs: dice.pick([3, 3, 3, 100]),
    log: { ...BASE, ...MIXES[seed % MIXES.length] },
    requests: Array.from({ length: requests }, (_, index) => planRequest(dice, index)),
    callers: Array.from({ length: dice.between(0, 6) }, () => ({
      at: dice.between(1_000, QUIET_AT_MS),
      server: dice.between(0, 7),
      customer: dice.happens(0.5) ? dice.between(0, CUSTOMERS - 1) : null,
      talkMs: dice.between(500, 10_000),
    })),
    faults: planFaults(dice),
  };
}

/** The same people, with a power cut every few seconds and a disk so slow that much is visible and not durable. */
export function powerCutsOf(seed: number): Scenario {
  const scenario = scenarioOf(seed);
  const faults: PlannedFault[] = [];
  for (let at = 2_500; at < QUIET_AT_MS; at += 2_700)
    faults.push({ at, kind: "power-cut", which: 0, lengthMs: 0 });
  return { ...scenario, syncMs: 300, log: { ...BASE, deliveryMsMax: 5, torn: 0 }, faults };
}
