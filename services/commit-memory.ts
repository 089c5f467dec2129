/**
 * What a dispatcher remembers of the log: the newest event that it committed to each partition. The first after a
 * pause is kept at once, what follows within a second a little later: a copy that was restored is older than that.
 */
import { milliseconds } from "../domain/kernel/time.ts";
import type { Clock } from "../domain/ports/clock.ts";
import type { EventLog, Outputs, Ownership } from "../domain/ports/event-log.ts";
import type { LogMemory, SeenMark } from "../domain/ports/log-memory.ts";
import type { OperatorLog } from "../domain/ports/operator-log.ts";

/** No two writes of the memory within this. It bounds, too, how much of a busy time a crash may make it forget. */
const KEEP_EVERY_MS = milliseconds(1_000);

export type CommitMemory = {
  /** The log, its commits noted. */
  readonly log: EventLog;
  stop(): Promise<void>;
};

export function rememberCommits(
  log: EventLog,
  memory: LogMemory,
  ports: { readonly clock: Clock; readonly operatorLog: OperatorLog },
): CommitMemory {
  const { clock, operatorLog } = ports;
  const fresh = new Map<number, SeenMark>();
  let cancel: (() => void) | null = null;
  let keeping: Promise<void> = Promise.resolve();
  let mayKeepAt = clock.monotonic();

  async function keep(): Promise<void> {
    cancel = null;
    mayKeepAt = milliseconds(clock.monotonic() + KEEP_EVERY_MS);
    const marks = [...fresh.values()];
    fresh.clear();
    try {
      await memory.keep(marks);
    } catch (error) {
      operatorLog.warn("the memory of the log was not kept; an older one stays", { error });
    }
  }

  function note(partition: number, offset: number | null, outputs: Outputs): void {
    const id = outputs.events.at(-1)?.envelope.id;
    if (offset === null || id === undefined) return;
    fresh.set(partition, { topic: "events", partition, offset, id, at: clock.now() });
    const wait = milliseconds(Math.max(0, mayKeepAt - clock.monotonic()));
    cancel ??= clock.schedule(wait, () => {
      keeping = keep();
    });
  }

  function noting({ partition, epoch, lost, commit }: Ownership): Ownership {
    return {
      partition,
      epoch,
      lost,
      async commit(outputs) {
        const committed = await commit(outputs);
        note(partition, committed.eventsUpTo, outputs);
        return committed;
      },
    };
  }

  return {
    log: { ...log, work: (group, makeTask) => log.work(group, (ownership) => makeTask(noting(ownership))) },
    async stop() {
      cancel?.();
      await keeping;
      if (fresh.size > 0) await keep();
    },
  };
}
