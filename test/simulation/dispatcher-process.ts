/** A dispatcher of the run. */
import { milliseconds } from "../../domain/kernel/time.ts";
import type { EventLog } from "../../domain/ports/event-log.ts";
import type { LogMemory, SeenMark } from "../../domain/ports/log-memory.ts";
import { rememberCommits } from "../../services/commit-memory.ts";
import { createDispatcher } from "../../services/dispatcher/dispatcher.ts";
import { holdIfOlder } from "../../services/recovery.ts";
import { dialled, type House, type Proc, SILENT, startProcess } from "./house.ts";
import type { Incarnation } from "./incarnation.ts";
import type { PlantSite } from "./plant.ts";
import { clockOf } from "./process-clock.ts";

const OFFER_TTL_MS = 5_000;
export const SERVER_SILENT_MS = 10_000;
const KEEP_MS_MAX = 20;
const REMEMBER_OVER_MS = 3_600_000;

export function startDispatcher(house: House, index: number): Proc {
  const { plant, timeline, dice, chance } = house;

  function worked(log: EventLog, site: PlantSite): EventLog {
    return {
      ...log,
      work: (group, makeTask) =>
        log.work(group, (ownership) => {
          const own = plant.ownership?.(ownership, site) ?? ownership;
          const task = makeTask(own);
          return plant.task?.(task, own, site) ?? task;
        }),
    };
  }

  const kept = new Map<number, SeenMark>();

  /** On the machine's disk: it outlives every life of the process. */
  function memoryOf(life: Incarnation): LogMemory {
    const memory: LogMemory = {
      read: () => [...kept.values()],
      keep: (marks) =>
        new Promise((resolve) => {
          timeline.at(dice.between(0, KEEP_MS_MAX), life, () => {
            for (const mark of marks) kept.set(mark.partition, mark);
            resolve();
          });
        }),
      async forget(marks) {
        for (const { partition } of marks) kept.delete(partition);
      },
    };
    return plant.memory?.(memory) ?? memory;
  }

  return startProcess(house, { name: `dispatcher-${index + 1}`, role: "dispatcher" }, async (site, log) => {
    const trueClock = clockOf(timeline, site.life);
    const clock = plant.clock?.(trueClock, site) ?? trueClock;
    const memory = memoryOf(site.life);
    const recovery = { log, clock, chance, operatorLog: SILENT };
    await memory.forget(await holdIfOlder(recovery, site.name, memory.read()));
    const remembered = rememberCommits(worked(log, site), memory, { clock, operatorLog: SILENT });
    const dispatcher = createDispatcher(
      {
        source: "dispatcher",
        offerTtlMs: milliseconds(OFFER_TTL_MS),
        serverSilentMs: SERVER_SILENT_MS,
        rememberOverMs: plant.rememberOverMs ?? REMEMBER_OVER_MS,
        coldStartMs: house.scenario.coldStartMs,
      },
      {
        ...house,
        log: remembered.log,
        trunkCountry: "US",
        dialled,
        clock,
        operatorLog: SILENT,
        draw: dice.draw,
        ulid: chance.ulid,
      },
    );
    await Promise.race([dispatcher.ended, dispatcher.start().then(() => dispatcher.ended)]);
  });
}
