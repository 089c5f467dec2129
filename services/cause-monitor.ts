/**
 * Watches that something follows from every record of `requests` (I14), while the house runs. What it can see is a
 * write that was lost though its position was kept: a torn transaction. It begins with what is new; `reveille
 * audit verify` looks at all that is kept.
 */
import { type Instant, instant, milliseconds } from "../domain/kernel/time.ts";
import type { Clock } from "../domain/ports/clock.ts";
import type { EventLog } from "../domain/ports/event-log.ts";
import type { OperatorLog } from "../domain/ports/operator-log.ts";
import {
  createUncitedCauses,
  foldCause,
  foldCitation,
  type Uncited,
  uncitedFor,
} from "../projections/uncited-causes.ts";

/** Without a consequence for so long: an owner that works answers within a second, a takeover takes ten. */
export const UNCITED_AFTER_MS = 30_000;
const LOOK_EVERY_MS = 5_000;
/** Alarms raised by name in one look; the rest is counted. */
const ALARMS_PER_LOOK_MAX = 20;

type CauseFigures = {
  /** Records whose consequence is lost, since the start. */
  readonly lost: number;
  /** Records that nobody has handled for too long, now. */
  readonly waiting: number;
};

export type CauseMonitor = {
  start(): void;
  figures(): CauseFigures;
  /** Rejects when the log failed for good. */
  readonly ended: Promise<void>;
  stop(): Promise<void>;
};

export function createCauseMonitor(ports: {
  readonly log: Pick<EventLog, "follow">;
  readonly clock: Clock;
  readonly operatorLog: OperatorLog;
}): CauseMonitor {
  const { log, clock, operatorLog } = ports;
  const view = createUncitedCauses();
  const stops: (() => Promise<void>)[] = [];
  const { promise: ended, reject } = Promise.withResolvers<void>();
  ended.catch(() => undefined);
  const steadyNow = (): Instant => instant(clock.monotonic());
  const told = new Set<string>();
  let waiting = 0;
  let cancel: (() => void) | null = null;

  function tell({ partition, offset, is }: Uncited): void {
    const place = `${partition}/${offset}`;
    if (is !== "lost" || told.has(place)) return;
    told.add(place);
    if (told.size > ALARMS_PER_LOOK_MAX) return;
    operatorLog.error("nothing followed from a record: what was decided on it is lost", {
      partition,
      offset,
    });
  }

  function look(): void {
    cancel = clock.schedule(milliseconds(LOOK_EVERY_MS), look);
    const uncited = [...uncitedFor(view, steadyNow(), UNCITED_AFTER_MS)];
    for (const one of uncited) tell(one);
    const behind = uncited.filter(({ is }) => is === "waiting").length;
    if (behind > 0 && waiting === 0) {
      operatorLog.warn("records wait for their owner: is a dispatcher there?", { waiting: behind });
    }
    waiting = behind;
  }

  return {
    ended,
    start() {
      const causes = log.follow("requests", "end", (records) => {
        for (const record of records) foldCause(view, record, steadyNow());
      });
      const events = log.follow("events", "end", (records) => {
        for (const { partition, ...record } of records) {
          const offset = record.ok ? record.envelope.causeOffset : null;
          if (offset !== null) foldCitation(view, { partition, offset });
        }
      });
      for (const subscription of [causes, events]) {
        stops.push(() => subscription.stop());
        subscription.ended.catch(reject);
      }
      look();
    },
    figures: () => ({ lost: told.size, waiting }),
    async stop() {
      cancel?.();
      for (const stop of stops) await stop();
    },
  };
}
