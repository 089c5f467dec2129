/** Accounts and rules: for the commands that write them into the log, while the house runs or not. */
import { createDigests } from "../adapters/system/digests.ts";
import type { Config } from "../config.ts";
import type { OperatorLog } from "../domain/ports/operator-log.ts";
import { type Administration, createAdministration } from "../services/administration.ts";
import { openHouse } from "./house.ts";
import { system } from "./system.ts";

export async function openAdministration(
  config: Config,
  operatorLog: OperatorLog,
): Promise<Administration & { close(): Promise<void> }> {
  const { log, keyring, close } = await openHouse(config, "administration", operatorLog);
  const digests = createDigests();
  const { clock, chance } = system;
  return { ...createAdministration({ log, keyring, digests, clock, chance }), close };
}
