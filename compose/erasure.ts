/** Forgetting: for the commands that drop keys in the log, while the house runs or not. */
import type { Config } from "../config.ts";
import { milliseconds } from "../domain/kernel/time.ts";
import type { Erasure } from "../domain/ports/erasure.ts";
import { createErasure } from "../services/erasure.ts";
import { openHouse } from "./house.ts";
import { openOperatorLog, system } from "./system.ts";

/** A call in progress has been hung up long before. */
const PATIENCE_MS = milliseconds(30_000);

type Closing = { close(): Promise<void> };

export async function openErasure(config: Config): Promise<Erasure & Closing> {
  const { log, keyring, close } = await openHouse(config, "erasure", openOperatorLog("warn"));
  return { ...createErasure({ ...system, log, keyring }, PATIENCE_MS), close };
}

export async function openKeys(
  config: Config,
): Promise<{ forgetBefore(month: string): Promise<number> } & Closing> {
  const { keyring, close } = await openHouse(config, "keys", openOperatorLog("warn"));
  return { forgetBefore: (month) => keyring.forgetBefore(month), close };
}
