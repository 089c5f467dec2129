/** The dispatcher role: owns its share of the partitions. */
import { join } from "node:path";
import { createMemoryFile } from "../adapters/log-memory/memory-file.ts";
import { createNumberingPlan } from "../adapters/numbering/numbering-plan.ts";
import { createZoneClock } from "../adapters/system/zone-clock.ts";
import type { Config } from "../config.ts";
import { milliseconds } from "../domain/kernel/time.ts";
import type { OperatorLog } from "../domain/ports/operator-log.ts";
import { rememberCommits } from "../services/commit-memory.ts";
import { createDispatcher } from "../services/dispatcher/dispatcher.ts";
import { holdIfOlder } from "../services/recovery.ts";
import { openHouse } from "./house.ts";
import type { Role, TellWaiting } from "./role.ts";
import { system } from "./system.ts";
import { dialled } from "./trunk.ts";

export async function startDispatcher(
  config: Config,
  operatorLog: OperatorLog,
  tellWaiting?: TellWaiting,
): Promise<Role> {
  const { clock, chance } = system;
  const { log, keyring, ended, close } = await openHouse(config, "dispatcher", operatorLog, tellWaiting);
  // Before it owns anything: where the log has lost what was committed from here, nobody may be called.
  const memory = createMemoryFile(join(config.dataFolder, "log.seen"));
  const lost = await holdIfOlder({ log, clock, chance, operatorLog }, "dispatcher", memory.read());
  if (lost.length > 0) await memory.forget(lost);
  const remembered = rememberCommits(log, memory, { clock, operatorLog });
  const dispatcher = createDispatcher(
    {
      source: "dispatcher",
      offerTtlMs: milliseconds(config.dispatcher.offerTtlMs),
      serverSilentMs: config.dispatcher.serverSilentMs,
      rememberOverMs: config.dispatcher.rememberOverMs,
      coldStartMs: config.dispatcher.coldStartMs,
    },
    {
      log: remembered.log,
      keyring,
      numbering: createNumberingPlan(),
      zones: createZoneClock(),
      trunkCountry: config.telephony.trunkCountry,
      dialled,
      clock,
      operatorLog,
      draw: () => chance.draw(),
      ulid: () => chance.ulid(),
    },
  );
  await dispatcher.start();
  return {
    listens: {},
    figures: () => dispatcher.figures(),
    ended: Promise.race([dispatcher.ended, ended]),
    // What waits here waits for another owner as well: `stop` gives the partitions back at once.
    drain: () => Promise.resolve(),
    async stop() {
      await dispatcher.stop();
      await remembered.stop();
      await close();
    },
  };
}
