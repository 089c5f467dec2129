/**
 * One writer per process: what arrives while the event loop is busy shares a transaction, so that ten requests
 * in one tick cost one commit. SQLite has one write lock for all processes and no queue before it: a taken
 * lock is tried again after a pause that grows, and given up after `WRITE_WAIT_MS_MAX`.
 */
import type { DatabaseSync } from "node:sqlite";
import { LogUnavailableError, OwnershipLostError } from "../../../domain/ports/event-log.ts";
import { isBusy, isSyncFailure, toLogError } from "./sqlite-errors.ts";

/** Jobs that may wait: about a second's work. Beyond it `LogUnavailableError` says that we are not keeping up. */
export const WAITING_JOBS_MAX = 20_000;
/** Records in one transaction: bounds how long others wait for the lock. */
export const TRANSACTION_RECORDS_MAX = 2_000;
/** How long a write waits for the lock of another process. */
const WRITE_WAIT_MS_MAX = 5_000;
const PAUSE_MS_MAX = 20;

export type WriteQueue = {
  /**
   * Runs `job` within a transaction and resolves with its answer once that is committed. A job may throw
   * `OwnershipLostError` before it has written anything; any other failure undoes the whole transaction.
   */
  run<T>(records: number, job: () => T): Promise<T>;
  /** Resolves when nothing waits any more. */
  drained(): Promise<void>;
};

type Job = {
  readonly records: number;
  /** Answers how to tell its caller, once the transaction is committed. */
  readonly attempt: () => () => void;
  readonly reject: (error: unknown) => void;
};

type WriteQueueOptions = {
  readonly db: DatabaseSync;
  readonly path: string;
  /** After each commit. */
  readonly onCommitted: () => void;
  /** After a transaction that was undone, whatever its jobs did. */
  readonly onUndone?: () => void;
  readonly onSyncFailure: (error: unknown) => void;
  /** Default `WRITE_WAIT_MS_MAX`. */
  readonly writeWaitMsMax?: number;
};

export function createWriteQueue(options: WriteQueueOptions): WriteQueue {
  const { db, path, onCommitted, onSyncFailure, writeWaitMsMax = WRITE_WAIT_MS_MAX } = options;
  const begin = db.prepare("BEGIN IMMEDIATE");
  const commit = db.prepare("COMMIT");
  let waiting: Job[] = [];
  let scheduled = false;
  let busySince: number | null = null;
  let pauseMs = 0;
  let onDrained: (() => void)[] = [];

  function schedule(): void {
    if (scheduled) return;
    scheduled = true;
    if (pauseMs === 0) setImmediate(flush);
    else setTimeout(flush, pauseMs);
  }

  function flush(): void {
    scheduled = false;
    if (waiting.length > 0 && takeLock()) writeBatch(takeBatch());
    if (waiting.length > 0) {
      schedule();
      return;
    }
    const told = onDrained;
    onDrained = [];
    for (const tell of told) tell();
  }

  function takeLock(): boolean {
    try {
      begin.run();
      busySince = null;
      pauseMs = 0;
      return true;
    } catch (error) {
      if (isBusy(error) && !waitedTooLong()) pauseMs = Math.min(PAUSE_MS_MAX, pauseMs * 2 + 1);
      else rejectAll(takeWaiting(), error);
      return false;
    }
  }

  function waitedTooLong(): boolean {
    busySince ??= performance.now();
    return performance.now() - busySince > writeWaitMsMax;
  }

  function takeWaiting(): readonly Job[] {
    const taken = waiting;
    waiting = [];
    busySince = null;
    pauseMs = 0;
    return taken;
  }

  function takeBatch(): readonly Job[] {
    let count = 0;
    let records = 0;
    for (const job of waiting) {
      if (count > 0 && records + job.records > TRANSACTION_RECORDS_MAX) break;
      count += 1;
      records += job.records;
    }
    return waiting.splice(0, count);
  }

  function writeBatch(jobs: readonly Job[]): void {
    try {
      const answers = jobs.map((job) => job.attempt());
      commit.run();
      for (const answer of answers) answer();
    } catch (error) {
      if (isSyncFailure(error)) onSyncFailure(error);
      rollBack();
      options.onUndone?.();
      rejectAll(jobs, error);
      return;
    }
    onCommitted();
  }

  function rollBack(): void {
    // SQLite has already rolled back after some errors (full disk); a second time would be one of its own.
    if (db.isTransaction) db.exec("ROLLBACK");
  }

  function rejectAll(jobs: readonly Job[], error: unknown): void {
    const told = toLogError(error, path);
    for (const job of jobs) job.reject(told);
  }

  return {
    run: <T>(records: number, job: () => T) =>
      new Promise<T>((resolve, reject) => {
        if (waiting.length >= WAITING_JOBS_MAX) {
          reject(new LogUnavailableError(`log ${path}: ${waiting.length} writes wait already`));
          return;
        }
        const attempt = (): (() => void) => {
          try {
            const answer = job();
            return () => resolve(answer);
          } catch (error) {
            if (error instanceof OwnershipLostError) return () => reject(error);
            throw error;
          }
        };
        waiting.push({ records, attempt, reject });
        schedule();
      }),
    drained: () =>
      new Promise((resolve) => {
        onDrained.push(resolve);
        schedule();
      }),
  };
}
