/**
 * Follows `events` and keeps the tables of the accounting up to date, each event exactly once.
 *
 * There is one way to recover, and it is the way to start: read the bookmarks, fold what was known, repeat what
 * was begun, go on. A failed insert, a store that died, a log that broke: each drops everything in memory and
 * takes that way again after a pause. Calls never wait for any of this; pages show how far behind it is.
 */
import { type Instant, instant, type Milliseconds, milliseconds } from "../domain/kernel/time.ts";
import type { Analytics, Row } from "../domain/ports/analytics.ts";
import type { Clock } from "../domain/ports/clock.ts";
import type { Delivered, EventLog, Subscription } from "../domain/ports/event-log.ts";
import type { OperatorLog } from "../domain/ports/operator-log.ts";
import type { ProjectionLag } from "../domain/ports/reports.ts";
import {
  BOOKMARKS_QUERY,
  BOOKMARKS_TABLE,
  type Bookmark,
  batchName,
  bookmarkOf,
  bookmarkRow,
  parseBookmark,
  type Stretch,
} from "../projections/reports/bookmark.ts";
import { createOpenRequests, type OpenRequests, openFrom } from "../projections/reports/open-requests.ts";
import { restoreOpenRequests, rowsOfRange } from "../projections/reports/rows-of-range.ts";
import { STORE } from "../projections/reports/table.ts";
import { dropSql, schemaSql } from "../projections/reports/tables.ts";
import { pause } from "./pause.ts";
import { BATCH_EVENTS_MAX, createProjectionQueue, type Known } from "./projection-queue.ts";

const GATHER_MS = 200;
const PAUSE_FIRST_MS = 200;
const PAUSE_LAST_MS = 5_000;

export type ProjectorOptions = {
  readonly log: Pick<EventLog, "follow" | "read" | "partitionCount">;
  /** With the right to write. */
  readonly analytics: Analytics;
  readonly clock: Clock;
  readonly operatorLog: OperatorLog;
  /** How long a batch may wait for company: longer saves inserts, shorter shows rows sooner. 200 by default. */
  readonly gatherMs?: Milliseconds;
  /** Rows older than this go; null keeps them. 400 by default. */
  readonly retentionDays?: number | null;
};

export type Projector = {
  /** Drops every table first when it is to rebuild. Resolves when it follows the log; it keeps trying until then. */
  start(options?: { readonly rebuild?: boolean }): Promise<void>;
  readonly lag: () => ProjectionLag;
  /** Resolves when everything that was in the log at the call of `start` is in the tables. */
  caughtUp(): Promise<void>;
  /** Lets the batch in hand end. */
  stop(): Promise<void>;
};

export function createProjector(options: ProjectorOptions): Projector {
  const known: Known = { upTo: null, pending: 0, oldestPendingAt: null, caughtUp: false };
  const following = Promise.withResolvers<void>();
  const through = Promise.withResolvers<void>();
  const stopping = new AbortController();
  let running: Promise<void> = Promise.resolve();

  const keepGoing = async (rebuild: boolean): Promise<void> => {
    let drop = rebuild;
    let pauseMs = PAUSE_FIRST_MS;
    while (!stopping.signal.aborted) {
      try {
        await prepare(options, drop);
        drop = false;
        await project(options, known, {
          signal: stopping.signal,
          onFollowing: () => {
            pauseMs = PAUSE_FIRST_MS;
            following.resolve();
          },
          onCaughtUp: through.resolve,
        });
      } catch (error) {
        options.operatorLog.warn("reports fall behind: the projection starts again", {
          error: error instanceof Error ? error.message : String(error),
          againInMs: pauseMs,
        });
        await pause(options.clock, milliseconds(pauseMs), stopping.signal);
        pauseMs = Math.min(pauseMs * 2, PAUSE_LAST_MS);
      }
    }
    following.resolve();
  };

  return {
    start: ({ rebuild = false } = {}) => {
      running = keepGoing(rebuild);
      return following.promise;
    },
    lag: () => lagOf(known, options.clock.now()),
    caughtUp: () => through.promise,
    stop: async () => {
      stopping.abort();
      await running;
    },
  };
}

function lagOf(known: Known, now: Instant): ProjectionLag {
  // Cut off from the log or the tables nobody can count; the age of the newest row is then the upper bound.
  const since = known.oldestPendingAt ?? (known.caughtUp ? null : known.upTo);
  return {
    pendingEvents: known.pending,
    behindMs: milliseconds(since === null ? 0 : Math.max(0, now - since)),
    upTo: known.upTo === null ? null : instant(known.upTo),
    caughtUp: known.caughtUp,
  };
}

async function prepare({ analytics, retentionDays = 400 }: ProjectorOptions, drop: boolean): Promise<void> {
  if (drop) await analytics.define([`CREATE DATABASE IF NOT EXISTS ${STORE} ENGINE = Atomic`, ...dropSql()]);
  await analytics.define(schemaSql({ retentionDays }));
}

type Course = {
  readonly signal: AbortSignal;
  readonly onFollowing: () => void;
  readonly onCaughtUp: () => void;
};

/** One life: from the bookmarks until something fails (throws) or `signal` ends it (resolves). */
async function project(options: ProjectorOptions, known: Known, course: Course): Promise<void> {
  const folds = new Map<number, OpenRequests>();
  const after = await restore(options, known, folds);
  const queue = createProjectionQueue(known);
  const subscription = options.log.follow("events", { after }, queue.take);
  // That it ended before is what `ended` tells.
  void noteWhen(subscription.caughtUp, queue.noteCaughtUp);
  course.onFollowing();
  const broken = endedByItself(subscription, course.signal);
  broken.catch(queue.close);
  course.signal.addEventListener("abort", queue.close, { once: true });
  try {
    for (;;) {
      if (!(await queue.arrived()) || course.signal.aborted) break;
      if (queue.size() > 0 && queue.size() < BATCH_EVENTS_MAX)
        await pause(options.clock, options.gatherMs ?? milliseconds(GATHER_MS), course.signal);
      const batch = queue.next();
      if (batch.length > 0) await writeBatch(options.analytics, folds, batch);
      queue.written(batch);
      if (known.caughtUp) course.onCaughtUp();
    }
    if (!course.signal.aborted) await broken;
  } finally {
    known.caughtUp = false;
    known.pending = 0;
    known.oldestPendingAt = null;
    course.signal.removeEventListener("abort", queue.close);
    queue.close();
    await subscription.stop();
  }
}

/** Folds what was known, repeats what was begun, and answers after which offsets to go on. */
async function restore(
  { log, analytics }: ProjectorOptions,
  known: Known,
  folds: Map<number, OpenRequests>,
): Promise<Map<number, number>> {
  const marks = (await analytics.query(BOOKMARKS_QUERY)).rows.map(parseBookmark);
  const begun = new Map<string, Stretch[]>();
  for (const mark of marks) {
    const open = createOpenRequests();
    folds.set(mark.partition, open);
    const end = mark.done ? mark.last + 1 : mark.first;
    if (mark.openFrom !== null)
      for await (const records of log.read("events", mark.partition, { from: mark.openFrom, to: end }))
        restoreOpenRequests(open, records);
    if (!mark.done) begun.set(mark.batch, [...(begun.get(mark.batch) ?? []), await readAgain(log, mark)]);
    known.upTo = Math.max(known.upTo ?? 0, mark.upTo);
  }
  for (const stretches of begun.values()) await writeBatch(analytics, folds, stretches);
  const after = new Map<number, number>();
  for (let partition = 0; partition < log.partitionCount("events"); partition += 1) after.set(partition, -1);
  for (const mark of marks) after.set(mark.partition, mark.last);
  return after;
}

async function readAgain(log: Pick<EventLog, "read">, mark: Bookmark): Promise<Stretch> {
  const range = { from: mark.first, to: mark.last + 1 };
  const records: Delivered<"events">[] = [];
  for await (const some of log.read("events", mark.partition, range)) records.push(...some);
  if (records[0]?.offset !== mark.first || records.at(-1)?.offset !== mark.last)
    throw new Error(
      `events ${mark.partition}:${mark.first}-${mark.last} were begun and are not in the log any more: rebuild the projection`,
    );
  return { partition: mark.partition, records };
}

async function writeBatch(
  analytics: Analytics,
  folds: Map<number, OpenRequests>,
  stretches: readonly Stretch[],
): Promise<void> {
  const name = batchName(stretches);
  const mark = (done: boolean): Promise<void> => {
    const rows = stretches.map((stretch) =>
      bookmarkRow(bookmarkOf(stretch, name, { openFrom: openFrom(foldOf(folds, stretch)), done })),
    );
    return analytics.insert(BOOKMARKS_TABLE, rows, `bookmarks:${done ? "done" : "intent"}:${name}`);
  };
  await mark(false);
  const rows: Record<"calls" | "requests" | "events", Row[]> = { calls: [], requests: [], events: [] };
  for (const stretch of stretches) {
    const made = rowsOfRange(foldOf(folds, stretch), stretch.records);
    rows.calls.push(...made.calls);
    rows.requests.push(...made.requests);
    rows.events.push(...made.events);
  }
  for (const table of ["calls", "requests", "events"] as const)
    if (rows[table].length > 0) await analytics.insert(`${STORE}.${table}`, rows[table], `${table}:${name}`);
  await mark(true);
}

function foldOf(folds: Map<number, OpenRequests>, { partition }: Stretch): OpenRequests {
  const known = folds.get(partition);
  if (known !== undefined) return known;
  const open = createOpenRequests();
  folds.set(partition, open);
  return open;
}

/** Rejects when the log failed; an end that was asked for is none. */
async function endedByItself(subscription: Subscription, signal: AbortSignal): Promise<void> {
  await subscription.ended;
  if (!signal.aborted) throw new Error("the log ended the subscription");
}

async function noteWhen(happened: Promise<void>, note: () => void): Promise<void> {
  const yes = await happened.then(
    () => true,
    () => false,
  );
  if (yes) note();
}
