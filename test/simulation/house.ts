/** What all processes of a run share, and the supervisor that starts each of them again whenever it ends. */
import type { Chance } from "../../domain/ports/chance.ts";
import { type EventLog, LogUnavailableError } from "../../domain/ports/event-log.ts";
import type { Keyring } from "../../domain/ports/keyring.ts";
import type { NumberingPlan } from "../../domain/ports/numbering-plan.ts";
import type { OperatorLog } from "../../domain/ports/operator-log.ts";
import type { ZoneClock } from "../../domain/ports/zone-clock.ts";
import type { CallTruth } from "./call-truth.ts";
import type { Coordinator } from "./coordinator.ts";
import type { Dice } from "./dice.ts";
import { bear, type Incarnation } from "./incarnation.ts";
import type { LogWorld } from "./log-world.ts";
import type { Plant, PlantSite, Role } from "./plant.ts";
import type { Scenario } from "./scenario.ts";
import { openSimLog } from "./sim-log.ts";
import type { SimStore } from "./sim-store.ts";
import type { Timeline } from "./timeline.ts";

export type House = {
  readonly scenario: Scenario;
  readonly plant: Plant;
  readonly timeline: Timeline;
  readonly dice: Dice;
  readonly store: SimStore;
  readonly coordinator: Coordinator;
  readonly truth: CallTruth;
  readonly logWorld: LogWorld;
  readonly keyring: Keyring;
  readonly numbering: NumberingPlan;
  readonly zones: ZoneClock;
  readonly chance: Chance;
  /** Faults of services that nothing else shows. */
  readonly broken: string[];
};

export type Proc = { readonly name: string; readonly role: Role; life: Incarnation; crash(): void };

export const SILENT: OperatorLog = { info: () => undefined, warn: () => undefined, error: () => undefined };
/** What the trunk puts on the wire: the number as it is. */
export const dialled = (number: string): string => number;

const BOOT_MS_LEAST = 200;
const BOOT_MS_MAX = 2_200;

/**
 * Starts a process. `boot` begins one life of it and answers with its end, which only a failure brings about.
 * `watch` sees what the log says before any planted bug does.
 */
export function startProcess(
  house: House,
  named: Pick<Proc, "name" | "role">,
  boot: (site: PlantSite, log: EventLog) => Promise<void>,
  watch: (log: EventLog) => EventLog = (log) => log,
): Proc {
  const { timeline, dice, store, plant, truth, coordinator, logWorld, broken } = house;
  const proc: Proc = { ...named, life: bear(named.name, 0), crash };

  function begin(): void {
    const { life } = proc;
    const site: PlantSite = { ...named, life, store, timeline };
    const log = watch(openSimLog(logWorld, life, coordinator));
    boot(site, plant.log?.(log, site) ?? log).catch((error: unknown) => {
      if (!life.alive) return;
      // Started while the log is down, it ends and is started again.
      if (!(error instanceof LogUnavailableError))
        broken.push(`${named.name} ended by itself: ${String(error)}`);
      crash();
    });
  }

  /** Ends this life and begins another; its calls end with it. */
  function crash(): void {
    const { life } = proc;
    if (!life.alive) return;
    life.alive = false;
    for (const call of truth.calls) {
      if (call.life !== life || call.endedAt !== null) continue;
      call.endedAt = timeline.now();
      call.cutOff = true;
    }
    const away = { process: named.name, from: timeline.now(), until: Number.MAX_SAFE_INTEGER, ended: true };
    truth.silences.push(away);
    timeline.at(dice.between(BOOT_MS_LEAST, BOOT_MS_MAX), null, () => {
      away.until = timeline.now();
      proc.life = bear(named.name, life.wallOffsetMs);
      begin();
    });
    if (named.role === "dispatcher") {
      timeline.at(dice.between(BOOT_MS_LEAST, BOOT_MS_MAX), null, coordinator.rebalance);
    }
  }

  begin();
  return proc;
}
