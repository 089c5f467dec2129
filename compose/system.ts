/** What every process has of its own: clock, dice, and a place to tell its operator. */
import { createChance } from "../adapters/system/chance.ts";
import { createSystemClock } from "../adapters/system/clock.ts";
import { createOperatorLog } from "../adapters/system/operator-log.ts";
import type { Config } from "../config.ts";
import type { OperatorLog } from "../domain/ports/operator-log.ts";

export const system = {
  clock: createSystemClock(),
  chance: createChance(),
};

const nothing = (): void => undefined;

/** One JSON line per happening on standard error; quieter levels leave the lesser ones out. */
export function openOperatorLog(level: Config["logLevel"]): OperatorLog {
  const log = createOperatorLog(process.stderr);
  return {
    info: level === "info" ? log.info : nothing,
    warn: level === "error" ? nothing : log.warn,
    error: log.error,
  };
}
