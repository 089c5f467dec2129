/** What every role stands on: the log, and the keyring that lives in it. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { openLogKeyring } from "../adapters/keyring/log-keyring.ts";
import type { Config } from "../config.ts";
import type { EventLog } from "../domain/ports/event-log.ts";
import type { OperatorLog } from "../domain/ports/operator-log.ts";
import { openLog } from "./event-log.ts";
import type { TellWaiting } from "./role.ts";
import { system } from "./system.ts";

export type House = {
  readonly log: EventLog;
  readonly keyring: Awaited<ReturnType<typeof openLogKeyring>>;
  /** Rejects when nobody would hear any more that a key was erased: the process should end. */
  readonly ended: Promise<never>;
  close(): Promise<void>;
};

/**
 * Waits until the log can be used and every key is known, telling every few seconds what for. `owner` names the
 * role in the log. Throws `MasterKeyError`.
 */
export async function openHouse(
  config: Config,
  owner: string,
  operatorLog: OperatorLog,
  tellWaiting?: TellWaiting,
): Promise<House> {
  mkdirSync(config.dataFolder, { recursive: true, mode: 0o700 });
  const path = (file: string): string => join(config.dataFolder, file);
  const log = await openLog(config, owner, operatorLog, tellWaiting);
  try {
    const keyring = await openLogKeyring({
      ...system,
      log,
      operatorLog,
      masterKeyPath: config.masterKeyFile ?? path("master.key"),
      formerFile: path("keyring.db"),
    });
    const failed = Promise.withResolvers<never>();
    failed.promise.catch(() => undefined);
    keyring.ended.catch(failed.reject);
    return {
      log,
      keyring,
      ended: failed.promise,
      async close() {
        await keyring.close();
        await log.close();
      },
    };
  } catch (error) {
    await log.close();
    throw error;
  }
}
