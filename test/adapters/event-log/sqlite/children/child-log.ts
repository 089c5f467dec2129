/** What the child programs of the log's tests share: a log on the machine's clock, and lines to their parent. */
import { createSqliteLog } from "../../../../../adapters/event-log/sqlite/sqlite-log.ts";
import type { EventLog } from "../../../../../domain/ports/event-log.ts";
import { createFreezableClock } from "../../../../contract/event-log-clock.ts";

const SILENT = { info: () => undefined, warn: () => undefined, error: () => undefined };

export function openChildLog(): { readonly log: EventLog; readonly path: string } {
  const [, , path = "", owner = "", leaseMs = "400"] = process.argv;
  const clock = createFreezableClock();
  const options = { path, owner, clock, operatorLog: SILENT, leaseMs: Number(leaseMs), maintain: false };
  return { log: createSqliteLog(options), path };
}

export function say(...words: readonly (string | number)[]): void {
  process.stdout.write(`${words.join(" ")}\n`);
}
