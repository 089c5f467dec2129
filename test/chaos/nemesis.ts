/**
 * What befalls an installation: every few seconds one role is killed or stopped, in turn and at random, sometimes
 * twice, sometimes while it starts, sometimes all at once. A telephony server is caught at a moment that matters.
 */
import { setTimeout as pause } from "node:timers/promises";
import type { Dice } from "../simulation/dice.ts";
import type { Silence } from "./evidence.ts";
import type { FarEnd, Moment } from "./far-end.ts";
import type { Fleet, FleetRole } from "./fleet.ts";
import type { LogWatch } from "./log-watch.ts";
import type { Strike } from "./recoveries.ts";
import type { Load } from "./sender.ts";
import type { ProxyMode, TcpProxy } from "./tcp-proxy.ts";

/** A role that is not of use again after this is a finding, and the run goes on. */
const RECOVERY_MS_MAX = 40_000;
const MOMENT_MS_MAX = 3_000;
const LOOK_MS = 50;
/** A broker stays away for this long. */
const BROKER_AWAY_MS = 1_500;

export type BrokersAtRisk = {
  readonly count: number;
  kill(index: number): Promise<void>;
  restart(index: number): Promise<void>;
};

export type NemesisPorts = {
  readonly fleet: Fleet;
  readonly farEnd: FarEnd;
  readonly load: Load;
  readonly watch: LogWatch;
  readonly dice: Dice;
  readonly brokers: BrokersAtRisk | null;
  /** What the roles reach the broker through. */
  readonly network: Pick<TcpProxy, "set"> | null;
  /** These strikes in this order, and then peace; null: as they come. */
  readonly script: readonly ScriptedStrike[] | null;
  /** Base URL of the reports. */
  readonly reports: string;
  readonly startedAt: number;
};

type Kind = "kill" | "kill-twice" | "kill-starting" | `stop-${number}`;

/** `target` is the name of a role, "broker", "all" or "network". */
export type ScriptedStrike =
  | { readonly target: string; readonly kind: Kind }
  | { readonly target: "network"; readonly mode: ProxyMode; readonly lengthMs: number };

/** In turn; a short run gets through most of it. */
const KINDS: readonly Kind[] = [
  "kill",
  "kill",
  "kill-twice",
  "stop-300",
  "kill",
  "stop-3000",
  "kill-starting",
  "kill",
  "stop-1000",
];
const MOMENTS: readonly Moment[] = ["ringing", "answered", "ended"];
/** Every so many strikes all roles die at once, and (over Kafka) a broker dies or the way to it is bad. */
const ALL_EVERY = 11;
const BROKER_EVERY = 6;
const NETWORK_EVERY = 7;
/** Longer than a session: owners are replaced meanwhile. */
const NETWORK_MS = 4_000;
const MODES: readonly ProxyMode[] = [
  { is: "delay", ms: 400 },
  { is: "silence" },
  { is: "deaf" },
  { is: "refuse" },
];

export type Nemesis = {
  readonly strikes: readonly Strike[];
  /** When each telephony server could not be heard. */
  readonly silences: readonly Silence[];
  readonly findings: readonly string[];
  /** Strikes until `lengthMs` are over; the last strike is recovered from when it resolves. */
  run(lengthMs: number, everyMs: number, long: boolean): Promise<void>;
};

export function createNemesis(ports: NemesisPorts): Nemesis {
  const { fleet, farEnd, load, watch, dice, brokers, network } = ports;
  const strikes: Strike[] = [];
  const silences: Silence[] = [];
  const findings: string[] = [];
  let turn = 0;
  let brokerTurn = 0;

  async function reportsAnswer(): Promise<void> {
    for (;;) {
      const ok = await fetch(`${ports.reports}/healthz`, { signal: AbortSignal.timeout(1_000) }).then(
        (response) => response.ok,
        () => false,
      );
      if (ok) return;
      await pause(LOOK_MS);
    }
  }

  /** Call it before the strike: it resolves when what comes after it shows the role at work. */
  function recovery({ name, role }: FleetRole): Promise<unknown> {
    const pid = fleet.pidOf(name) ?? -1;
    switch (role) {
      case "gateway":
        return load.nextAcknowledged();
      case "dispatcher":
        return watch.takenOver(watch.ownedBy(pid), pid);
      case "telephony":
        return watch.heard(name);
      case "reporting":
        return reportsAnswer();
      default:
        return fleet.whenReady(name);
    }
  }

  /** Times `until`; null and a finding when it does not come. */
  async function measured(what: string, until: Promise<unknown>): Promise<number | null> {
    const began = performance.now();
    const patience = new AbortController();
    const late = pause(RECOVERY_MS_MAX, "late", { signal: patience.signal }).catch(() => "in time");
    const first = await Promise.race([until.then(() => "recovered"), late]);
    patience.abort();
    if (first === "recovered") return Math.round(performance.now() - began);
    findings.push(`${what} was of no use ${RECOVERY_MS_MAX} ms later`);
    return null;
  }

  function note(role: Strike["role"], name: string, how: string): Strike {
    const strike: Strike = { role, name, how, at: Date.now() - ports.startedAt, recoveredMs: null };
    strikes.push(strike);
    return strike;
  }

  async function kill(target: FleetRole, kind: Kind): Promise<void> {
    const moment = target.role === "telephony" ? dice.pick(MOMENTS) : null;
    if (moment !== null) await farEnd.next(target.name, moment, MOMENT_MS_MAX);
    const strike = note(target.role, target.name, moment === null ? kind : `${kind} (${moment})`);
    const from = Date.now();
    const recovered = recovery(target);
    await fleet.kill(target.name);
    // What was already on its way, from a pid that is gone, must not pass for the recovery.
    const again = target.role === "dispatcher" || target.role === "gateway" ? recovered : recovery(target);
    if (kind === "kill-twice") await killAgain(target, () => fleet.whenReady(target.name));
    if (kind === "kill-starting") await killAgain(target, () => pause(dice.between(150, 600)));
    strike.recoveredMs = await measured(`${target.name} (${kind})`, again);
    if (target.role === "telephony") silences.push({ server: target.name, from, until: Date.now() });
  }

  async function killAgain(target: FleetRole, when: () => Promise<unknown>): Promise<void> {
    await when();
    await fleet.kill(target.name);
  }

  async function stop(target: FleetRole, lengthMs: number): Promise<void> {
    note(target.role, target.name, `stop-${lengthMs}`);
    const from = Date.now();
    fleet.signal(target.name, "SIGSTOP");
    await pause(lengthMs);
    fleet.signal(target.name, "SIGCONT");
    const heard = target.role === "telephony" ? watch.heard(target.name) : load.nextAcknowledged();
    await measured(`${target.name} (stopped for ${lengthMs} ms)`, heard);
    if (target.role === "telephony") silences.push({ server: target.name, from, until: Date.now() });
  }

  async function killAll(): Promise<void> {
    const strike = note("all", "all roles", "kill all at once");
    const from = Date.now();
    await fleet.cutPower();
    const recovered = load.nextAcknowledged();
    const started = fleet.start();
    strike.recoveredMs = await measured("the house (all killed at once)", Promise.all([started, recovered]));
    for (const { name, role } of fleet.roles) {
      if (role === "telephony") silences.push({ server: name, from, until: Date.now() });
    }
  }

  async function killBroker(all: BrokersAtRisk): Promise<void> {
    const index = brokerTurn % all.count;
    brokerTurn += 1;
    const strike = note("broker", `broker ${index + 1}`, "kill");
    await all.kill(index);
    await pause(BROKER_AWAY_MS);
    const recovered = load.nextAcknowledged();
    await all.restart(index);
    strike.recoveredMs = await measured(`broker ${index + 1}`, recovered);
  }

  async function disturb(way: Pick<TcpProxy, "set">, mode: ProxyMode, lengthMs: number): Promise<void> {
    note("network", "the way to the broker", mode.is);
    way.set(mode);
    await pause(lengthMs);
    way.set({ is: "pass" });
    await measured(`the house (network: ${mode.is})`, load.nextAcknowledged());
  }

  async function strikeAs(strike: ScriptedStrike): Promise<void> {
    if ("mode" in strike) {
      if (network !== null) await disturb(network, strike.mode, strike.lengthMs);
      return;
    }
    if (strike.target === "all") return await killAll();
    if (strike.target === "broker") {
      if (brokers !== null) await killBroker(brokers);
      return;
    }
    const target = fleet.roles.find(({ name }) => name === strike.target);
    if (target === undefined) throw new Error(`chaos: there is no role "${strike.target}" to strike`);
    await strikeRole(target, strike.kind);
  }

  async function strikeRole(target: FleetRole, kind: Kind): Promise<void> {
    if (kind.startsWith("stop-")) await stop(target, Number(kind.slice(5)));
    else await kill(target, kind);
  }

  async function strikeOnce(long: boolean): Promise<void> {
    turn += 1;
    if (ports.script !== null) {
      const scripted = ports.script[turn - 1];
      if (scripted !== undefined) await strikeAs(scripted);
      return;
    }
    if (network !== null && turn % NETWORK_EVERY === 0) {
      return await disturb(
        network,
        MODES[(turn / NETWORK_EVERY) % MODES.length] ?? { is: "pass" },
        NETWORK_MS,
      );
    }
    if (brokers !== null && turn % BROKER_EVERY === 0) return await killBroker(brokers);
    if (turn % ALL_EVERY === 0) return await killAll();
    const target =
      turn % 3 === 0 ? dice.pick(fleet.roles) : fleet.roles[Math.floor((turn * 2) / 3) % fleet.roles.length];
    if (target === undefined) return;
    const kind = KINDS[turn % KINDS.length] ?? "kill";
    if (long && (turn === 8 || turn === 20)) {
      const role = turn === 8 ? "dispatcher" : "telephony";
      const paused = fleet.roles.find((one) => one.role === role);
      if (paused !== undefined) return await stop(paused, 60_000);
    }
    await strikeRole(target, kind);
  }

  return {
    strikes,
    silences,
    findings,
    async run(lengthMs, everyMs, long) {
      const until = performance.now() + lengthMs;
      while (performance.now() < until) {
        const next = performance.now() + everyMs;
        await strikeOnce(long);
        await pause(Math.max(0, Math.min(next, until) - performance.now()));
      }
    },
  };
}
