/**
 * Scenarios in which one thing fails again and again, at the moment at which it hurts. Some faults show only where
 * two rare things meet; here one of the two is not rare.
 */
import { createDice, type Dice } from "./dice.ts";
import type { LogFaults } from "./log-world.ts";
import { powerCutsOf, restoredOf, scenarioOf } from "./plan-scenario.ts";
import { type FaultKind, type PlannedFault, QUIET_AT_MS, type Scenario } from "./scenario.ts";

type Strike = Pick<PlannedFault, "kind" | "on"> & { readonly lengthMs: readonly [number, number] };

export type Focus = {
  readonly strikes: readonly Strike[];
  readonly log?: Partial<LogFaults>;
  /** Hours that close in the middle of the run. */
  readonly closing?: boolean;
};

const PAUSE_MS = [1_500, 5_000] as const;
/** Something else must be there to call in a failed server's stead. */
const SERVERS_LEAST = 2;

const strike = (kind: FaultKind, on: PlannedFault["on"], least = 0, most = 0): Strike => ({
  kind,
  on,
  lengthMs: [least, most],
});

function strikesOf(dice: Dice, strikes: readonly Strike[]): PlannedFault[] {
  const faults: PlannedFault[] = [];
  for (let at = dice.between(500, 3_000); at < QUIET_AT_MS; at += dice.between(...PAUSE_MS)) {
    const { kind, on, lengthMs } = dice.pick(strikes);
    faults.push({ at, kind, on, which: dice.between(0, 7), lengthMs: dice.between(...lengthMs) });
  }
  return faults;
}

export function focusedOf(seed: number, { strikes, log = {}, closing }: Focus): Scenario {
  const scenario = scenarioOf(seed, closing);
  return {
    ...scenario,
    servers: Math.max(SERVERS_LEAST, scenario.servers),
    log: { ...scenario.log, ...log },
    faults: strikesOf(createDice(seed ^ 0xf0c5), strikes),
  };
}

/** Calls end while their server is not heard, it dies, and so does whoever waited for it. */
export const MUTE_THEN_DEAD: Focus = {
  strikes: [
    strike("mute", "CallPlaced", 3_000, 8_000),
    strike("mute", "CallPlaced", 3_000, 8_000),
    strike("crash-server", null),
    strike("crash-dispatcher", null),
  ],
};
/** Servers are stopped or cut off between their yes and the grant, for longer than it takes to give them up. */
export const LONG_SILENCE: Focus = {
  strikes: [
    strike("pause-server", "Accepted", 17_000, 28_000),
    strike("cut-off", "Accepted", 17_000, 28_000),
  ],
};
/** Hours close while servers are stopped for a moment. */
export const CLOSING_HOURS: Focus = {
  closing: true,
  strikes: [strike("pause-server", "Dispatched", 500, 3_000), strike("pause-server", "Accepted", 500, 3_000)],
};
/** The log loses a part of what belongs together. */
export const TORN_LOG: Focus = {
  log: { torn: 0.5 },
  strikes: [strike("cut-off", "Dispatched", 6_000, 12_000), strike("rebalance", null)],
};
/** Owners change all the time, and some are stopped and return. */
export const MANY_OWNERS: Focus = {
  strikes: [strike("pause-dispatcher", null, 1_000, 8_000), strike("rebalance", null)],
};

const FOCUSED: readonly ((seed: number) => Scenario)[] = [
  powerCutsOf,
  restoredOf,
  ...[MUTE_THEN_DEAD, LONG_SILENCE, CLOSING_HOURS, TORN_LOG, MANY_OWNERS].map(
    (focus) => (seed: number) => focusedOf(seed, focus),
  ),
];
const FOCUSED_EVERY = 8;

/** What a run of many seeds looks at: mostly everything at once, every eighth seed one thing again and again. */
export function mixedOf(seed: number): Scenario {
  const turn = Math.floor(seed / FOCUSED_EVERY) % FOCUSED.length;
  const focused = seed % FOCUSED_EVERY === 0 ? FOCUSED[turn] : undefined;
  return (focused ?? scenarioOf)(seed);
}
