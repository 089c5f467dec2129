/** The dispatcher role (103): tasks over the partitions that this process owns, and the views they ask. */
import { type Instant, instant } from "../../domain/kernel/time.ts";
import type { Clock } from "../../domain/ports/clock.ts";
import type { EventLog, Worker } from "../../domain/ports/event-log.ts";
import type { OperatorLog } from "../../domain/ports/operator-log.ts";
import { createDirectory, foldDirectory } from "../../projections/directory.ts";
import { createTelephonyLoad, foldLoad } from "../../projections/telephony-load.ts";
import type { JudgePorts } from "./judge.ts";
import { createDispatcherTask, type DispatcherTask, type TaskOptions } from "./task.ts";

export type DispatcherPorts = Omit<JudgePorts, "directory"> & {
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
  /** Rejects when the log failed for good: the process should end and be started again. */
  readonly ended: Promise<void>;
  stop(): Promise<void>;
};

const DISPATCHER_GROUP = "dispatcher";

export function createDispatcher(options: TaskOptions, ports: DispatcherPorts): Dispatcher {
  const { log, clock, operatorLog } = ports;
  const startedAt = clock.now();
  const startedMonotonic = clock.monotonic();
  const steadyNow = (): Instant => instant(startedAt + (clock.monotonic() - startedMonotonic));
  const directory = createDirectory();
  const load = createTelephonyLoad();
  const tasks = new Set<DispatcherTask>();
  const stops: (() => Promise<void>)[] = [];
  let worker: Worker | null = null;
  const { promise: ended, reject } = Promise.withResolvers<void>();
  ended.catch(() => undefined);

  const nudgeAll = (): void => {
    for (const task of tasks) task.nudge();
  };

  async function followViews(): Promise<void> {
    const accounts = log.follow("directory", "start", (records) => {
      for (const record of records) if (record.ok) foldDirectory(directory, record.key, record.message);
      nudgeAll();
    });
    const reports = log.follow("load", "start", (records) => {
      for (const record of records) {
        if (record.ok && record.message !== null) foldLoad(load, record.message, steadyNow());
      }
      nudgeAll();
    });
    for (const subscription of [accounts, reports]) {
      stops.push(() => subscription.stop());
      subscription.ended.catch(reject);
    }
    await Promise.all([accounts.caughtUp, reports.caughtUp]);
  }

  return {
    ended,
    owned: () => worker?.owned() ?? [],
    async start() {
      await followViews();
      worker = log.work(DISPATCHER_GROUP, (ownership) => {
        const task = createDispatcherTask(ownership, options, { ...ports, directory, load, steadyNow });
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
      await worker?.stop();
      for (const stop of stops) await stop();
    },
  };
}
