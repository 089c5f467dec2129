/**
 * After an older copy of the log was put back everybody starts anew, in any order, and only some remember what the
 * copy lacks (decision 0014). So where nobody has been at work for a while, a dispatcher gives the others that long
 * to start and to declare a hold, before it takes partitions. Beside a server that has been up for as long, they
 * had their time; and a house without a past has nothing to remember.
 */
import { type Instant, type Milliseconds, milliseconds } from "../../domain/kernel/time.ts";
import type { Clock } from "../../domain/ports/clock.ts";
import type { EventLog } from "../../domain/ports/event-log.ts";
import type { OperatorLog } from "../../domain/ports/operator-log.ts";
import type { LoadReported } from "../../domain/server/load.ts";
import { firstFrom } from "../recovery.ts";

export type ColdStart = {
  /** A server that is up now says for how long. */
  heard(report: Pick<LoadReported, "at" | "startedAt">): void;
  /** Resolves when partitions may be taken. */
  over(): Promise<void>;
  stop(): void;
};

export function createColdStart(
  waitMs: number,
  ports: {
    readonly log: Pick<EventLog, "read" | "partitionCount">;
    readonly clock: Pick<Clock, "schedule">;
    readonly operatorLog: OperatorLog;
  },
): ColdStart {
  const { log, clock, operatorLog } = ports;
  const { promise: warm, resolve } = Promise.withResolvers<void>();
  const cancel = clock.schedule(milliseconds(waitMs), resolve);

  return {
    heard({ at, startedAt }) {
      if (upFor(at, startedAt) >= waitMs) resolve();
    },
    async over() {
      if (waitMs <= 0 || !(await hasPast(log))) return;
      operatorLog.info("waiting for others to start, lest the log is an old copy", { atMostMs: waitMs });
      await warm;
    },
    stop() {
      cancel();
      resolve();
    },
  };
}

/** Both by the server's own clock, which does not step while it lives. */
const upFor = (at: Instant, startedAt: Instant): Milliseconds => milliseconds(Math.max(0, at - startedAt));

async function hasPast(log: Pick<EventLog, "read" | "partitionCount">): Promise<boolean> {
  const partitions = Array.from({ length: log.partitionCount("events") }, (_, partition) => partition);
  const found = await Promise.all(partitions.map((partition) => firstFrom(log, "events", partition, 0)));
  return found.some((record) => record !== null);
}
