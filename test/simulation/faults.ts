/** Makes the planned faults of a scenario come true. */
import { liftHold } from "../../services/recovery.ts";
import { type Proc, SILENT } from "./house.ts";
import { bear } from "./incarnation.ts";
import { clockOf } from "./process-clock.ts";
import { closedRulesOf, rulesOf, SENDER, senderAccount } from "./rules.ts";
import { type PlannedFault, QUIET_AT_MS } from "./scenario.ts";
import { openSimLog } from "./sim-log.ts";
import { PARTITIONS } from "./sim-store.ts";
import type { World } from "./world.ts";

function procOf(world: World, fault: PlannedFault): Proc {
  const all: readonly Proc[] = [...world.servers, ...world.dispatchers, world.gateway];
  const server = world.servers[fault.which % world.servers.length];
  const dispatcher = world.dispatchers[fault.which % world.dispatchers.length];
  if (fault.kind.endsWith("server") && server !== undefined) return server;
  if (fault.kind.endsWith("dispatcher") && dispatcher !== undefined) return dispatcher;
  if (fault.kind.endsWith("gateway")) return world.gateway;
  return all[fault.which % all.length] ?? world.gateway;
}

function silence(world: World, proc: Proc, lengthMs: number): number {
  const from = world.timeline.now();
  const until = from + lengthMs;
  world.truth.silences.push({ process: proc.name, from, until, ended: false });
  return until;
}

function pause(world: World, proc: Proc, lengthMs: number): void {
  const { timeline, coordinator, dice } = world;
  proc.life.pausedUntil = silence(world, proc, lengthMs);
  if (proc.role !== "dispatcher") return;
  timeline.at(dice.between(1_000, 3_000), null, coordinator.rebalance);
  timeline.at(lengthMs + dice.between(0, 500), null, coordinator.rebalance);
}

function strike(world: World, fault: PlannedFault, proc: Proc = procOf(world, fault)): void {
  const { timeline, scenario } = world;
  const { lengthMs } = fault;
  switch (fault.kind) {
    case "crash-server":
    case "crash-dispatcher":
    case "crash-gateway":
      return proc.crash();
    case "pause-server":
    case "pause-dispatcher":
      return pause(world, proc, lengthMs);
    case "cut-off":
      proc.life.muteUntil = silence(world, proc, lengthMs);
      proc.life.deafUntil = proc.life.muteUntil;
      return;
    case "deaf":
      proc.life.deafUntil = silence(world, proc, lengthMs);
      return;
    case "mute":
      proc.life.muteUntil = silence(world, proc, lengthMs);
      return;
    case "outage":
      return world.startOutage(lengthMs, null);
    case "load-outage":
      return world.startOutage(lengthMs, "load");
    case "step-clock":
      proc.life.wallOffsetMs = lengthMs;
      return;
    case "rebalance":
      return world.coordinator.rebalance();
    case "power-cut":
      return world.cutPower();
    case "restore-backup":
      // Planned ahead: the copy has to be made first.
      return;
    case "close-country":
      world.announce(closedRulesOf(scenario), "receiver");
      timeline.at(lengthMs, null, () => world.announce(rulesOf(scenario), "receiver"));
      return;
    case "suspend-sender":
      world.announce(senderAccount("suspended"), SENDER);
      timeline.at(lengthMs, null, () => world.announce(senderAccount("active"), SENDER));
      return;
    default:
      return fault.kind satisfies never;
  }
}

/** A server that fails within this time after an event was written may not even have heard of it. */
const STRIKE_MS_MAX = 150;

/** Waits for the next event of the wanted type, and strikes its server. */
function strikeOn(world: World, fault: PlannedFault): void {
  const { store, timeline, dice } = world;
  const seen = Array.from({ length: PARTITIONS }, (_, index) => store.records("events", index).length);
  const stop = store.onWrite("events", () => {
    const server = serverOfNext(world, seen, fault.on);
    if (server === null) return;
    stop();
    timeline.at(dice.between(0, STRIKE_MS_MAX), null, () => {
      if (timeline.now() < QUIET_AT_MS) strike(world, fault, server);
    });
  });
}

/** The server of the first event of this type behind what was `seen`, which moves on. */
function serverOfNext({ store, servers }: World, seen: number[], type: PlannedFault["on"]): Proc | null {
  for (const [partition, from] of seen.entries()) {
    const records = store.records("events", partition);
    seen[partition] = records.length;
    const found = records.slice(from).find(({ message }) => message?.type === type)?.message ?? null;
    const server = servers.find(({ name }) => found !== null && "server" in found && found.server === name);
    if (server !== undefined) return server;
  }
  return null;
}

export const DECIDED_AT_MS = QUIET_AT_MS + 5_000;

/** An old copy of the log, put in its place; later somebody finds nobody called, and decides. */
function planRestore(world: World, { at, lengthMs }: PlannedFault): void {
  const { timeline, store } = world;
  let backup: (() => void) | null = null;
  timeline.at(at - lengthMs, null, () => {
    backup = store.backUp();
  });
  timeline.at(at, null, () => {
    if (backup !== null) world.restore(backup);
  });
  timeline.at(DECIDED_AT_MS, null, () => {
    const log = openSimLog(world.logWorld, bear("operator", 0), world.coordinator);
    const clock = clockOf(timeline, bear("operator", 0));
    // Where nothing is held there is nothing to decide.
    liftHold({ ...world, log, clock, operatorLog: SILENT }, "mark-unknown").catch(() => undefined);
  });
}

export function planFaultsOf(world: World): void {
  const { scenario, timeline } = world;
  for (const fault of scenario.faults) {
    if (fault.kind === "restore-backup") planRestore(world, fault);
    timeline.at(fault.at, null, () => (fault.on === null ? strike(world, fault) : strikeOn(world, fault)));
  }
  // Clocks are set right when the faults end, as time daemons do.
  timeline.at(QUIET_AT_MS, null, () => {
    for (const { life } of [...world.servers, ...world.dispatchers, world.gateway]) life.wallOffsetMs = 0;
  });
}
