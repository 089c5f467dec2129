/** The dispatcher role (103): tasks over the partitions that this process owns, and the views they ask. */
import { isHeld } from "../../domain/directory/hold.ts";
import { earliest, type Instant, instant } from "../../domain/kernel/time.ts";
import type { Clock } from "../../domain/ports/clock.ts";
import type { EventLog, Worker } from "../../domain/ports/event-log.ts";
import type { OperatorLog } from "../../domain/ports/operator-log.ts";
import { createDirectory, foldDirectory } from "../../projections/directory.ts";
import { createTelephonyLoad, foldLoad, hear } from "../../projections/telephony-load.ts";
import { createColdStart } from "./cold-start.ts";
import type { DeskFigures } from "./desk.ts";
import type { JudgePorts } from "./judge.ts";
import { startLoadProbe } from "./load-probe.ts";
import { createDispatcherTask, type DispatcherTask, type TaskOptions, type TaskPorts } from "./task.ts";

export type DispatcherOptions = Omit<TaskOptions, "partitions"> & {
  /** How long others may take to start where nobody has been at work; 0: there are no others. */
  readonly coldStartMs: number;
};

export type DispatcherPorts = Omit<JudgePorts, "directory"> & {
  readonly keyring: TaskPorts["keyring"];
  readonly log: EventLog;
  readonly clock: Clock;
  readonly operatorLog: OperatorLog;
  readonly draw: () => number;
  readonly ulid: () => string;
};

export type Dispatcher = {
  /** Resolves once directory and load are known and the group is joined. */
  start(): Promise<void>;
  owned(): readonly number[];
  /** For a health page: how many partitions it owns, and the sum of what their desks say. */
  figures(): DeskFigures & { readonly partitions: number };
  /** Rejects when the log failed for good: the process should end and be started again. */
  readonly ended: Promise<void>;
  stop(): Promise<void>;
};

const DISPATCHER_GROUP = "dispatcher";

export function createDispatcher(options: DispatcherOptions, ports: DispatcherPorts): Dispatcher {
  const { log, clock, operatorLog } = ports;
  const startedAt = clock.now();
  const startedMonotonic = clock.monotonic();
  const steadyNow = (): Instant => instant(startedAt + (clock.monotonic() - startedMonotonic));
  const taskOptions: TaskOptions = { ...options, partitions: log.partitionCount("requests") };
  const directory = createDirectory();
  const load = createTelephonyLoad();
  const coldStart = createColdStart(options.coldStartMs, ports);
  const tasks = new Set<DispatcherTask>();
  const stops: (() => Promise<void>)[] = [];
  let worker: Worker | null = null;
  let caughtUp = false;
  let stopped = false;
  const { promise: ended, reject } = Promise.withResolvers<void>();
  ended.catch(() => undefined);

  const nudgeAll = (): void => {
    for (const task of tasks) task.nudge();
  };

  function tellHold(): void {
    const { hold } = directory;
    if (isHeld(hold)) {
      operatorLog.error("calls are held: reveille hold shows why, reveille resume decides", { ...hold });
    } else if (hold !== null) operatorLog.warn("calls are placed again", { ...hold });
  }

  /** Reports from before this process was there are as old as the log says: a server may be long gone. */
  function seenAt(appendedAt: Instant): Instant {
    return caughtUp ? steadyNow() : earliest(steadyNow(), appendedAt);
  }

  async function followViews(): Promise<void> {
    const accounts = log.follow("directory", "start", (records) => {
      const before = directory.hold;
      for (const record of records) if (record.ok) foldDirectory(directory, record.key, record.message);
      if (directory.hold !== before) tellHold();
      nudgeAll();
    });
    const reportsRead = new Map<number, number>();
    const reports = log.follow("load", "start", (records) => {
      for (const record of records) {
        // Given again, a report of a server's earlier run would look like the start of another run.
        if (record.offset <= (reportsRead.get(record.partition) ?? -1)) continue;
        reportsRead.set(record.partition, record.offset);
        if (record.ok && record.message !== null) {
          foldLoad(load, record.message, seenAt(record.appendedAt));
          if (caughtUp) coldStart.heard(record.message);
        } else if (caughtUp) hear(load, steadyNow());
      }
      nudgeAll();
    });
    for (const subscription of [accounts, reports]) {
      stops.push(() => subscription.stop());
      subscription.ended.catch(reject);
    }
    await Promise.all([accounts.caughtUp, reports.caughtUp]);
    caughtUp = true;
    const stopProbe = startLoadProbe({ log, clock, load, steadyNow, ulid: ports.ulid });
    stops.push(() => Promise.resolve(stopProbe()));
  }

  return {
    ended,
    owned: () => worker?.owned() ?? [],
    figures() {
      const each = [...tasks].map((task) => task.figures());
      const sum = (of: (figures: DeskFigures) => number): number =>
        each.reduce((all, figures) => all + of(figures), 0);
      return {
        partitions: worker?.owned().length ?? 0,
        waiting: sum(({ waiting }) => waiting),
        quarantined: sum(({ quarantined }) => quarantined),
        setAside: sum(({ setAside }) => setAside),
      };
    },
    async start() {
      stops.push(() => Promise.resolve(coldStart.stop()));
      await followViews();
      await coldStart.over();
      if (stopped) return;
      worker = log.work(DISPATCHER_GROUP, (ownership) => {
        const task = createDispatcherTask(ownership, taskOptions, { ...ports, directory, load, steadyNow });
        tasks.add(task);
        ownership.lost.addEventListener("abort", () => tasks.delete(task), { once: true });
        operatorLog.info("dispatcher owns a partition", {
          partition: ownership.partition,
          epoch: ownership.epoch,
        });
        return task;
      });
      worker.ended.catch(reject);
    },
    async stop() {
      stopped = true;
      await worker?.stop();
      for (const stop of stops) await stop();
    },
  };
}
