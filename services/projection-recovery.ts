/**
 * The tables of the reports remember which events they were made from, so they too can tell that an old copy of the
 * log was restored. Then nothing is projected until an operator has decided: the tables are the best account of what
 * the log has lost. Afterwards they are made again from the log that is in force.
 */

import { HOLD_KEY, isHeld } from "../domain/directory/hold.ts";
import { instant } from "../domain/kernel/time.ts";
import type { Analytics } from "../domain/ports/analytics.ts";
import type { EventLog } from "../domain/ports/event-log.ts";
import type { SeenMark } from "../domain/ports/log-memory.ts";
import { BOOKMARKS_QUERY, parseBookmark } from "../projections/reports/bookmark.ts";
import type { Projector } from "./projector.ts";
import { holdIfOlder, type RecoveryPorts } from "./recovery.ts";

export type ProjectionRecoveryPorts = Omit<RecoveryPorts, "log"> & {
  readonly log: RecoveryPorts["log"] & Pick<EventLog, "follow">;
  readonly analytics: Pick<Analytics, "query">;
  readonly projector: Pick<Projector, "start">;
};

/** Starts the projector, once the log can be what the tables were made from. */
export async function startProjection(ports: ProjectionRecoveryPorts): Promise<void> {
  const unknown = await holdIfOlder(ports, "reporting", await marksOf(ports));
  if (unknown.length === 0) return await ports.projector.start();
  await untilDecided(ports.log);
  ports.operatorLog.warn("the reports are made again from the log that is now in force", {});
  await ports.projector.start({ rebuild: true });
}

/** None where there are no tables yet, or nobody to ask: what can't be read can't be compared. */
async function marksOf({
  analytics,
  operatorLog,
}: Pick<ProjectionRecoveryPorts, "analytics" | "operatorLog">): Promise<readonly SeenMark[]> {
  try {
    const { rows } = await analytics.query(BOOKMARKS_QUERY);
    return rows.map(parseBookmark).map(({ partition, last: offset, upTo }) => ({
      topic: "events",
      partition,
      offset,
      id: null,
      at: instant(upTo),
    }));
  } catch (error) {
    operatorLog.info("no tables to compare the log with", {
      error: error instanceof Error ? error.message : String(error),
    });
    return [];
  }
}

/** Resolves when no hold stands; at once where none does. */
async function untilDecided(log: Pick<EventLog, "follow">): Promise<void> {
  const decided = Promise.withResolvers<void>();
  let held = false;
  let caughtUp = false;
  const look = (): void => {
    if (caughtUp && !held) decided.resolve();
  };
  const following = log.follow("directory", "start", (records) => {
    for (const record of records) {
      if (!record.ok || record.key !== HOLD_KEY) continue;
      const { message } = record;
      held = message?.type === "HoldDeclared" && isHeld(message);
    }
    look();
  });
  following.ended.catch(decided.reject);
  await following.caughtUp;
  caughtUp = true;
  look();
  await decided.promise;
  await following.stop();
}
