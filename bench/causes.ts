/**
 * Causes a second of one dispatcher process, every policy check included: Requests, servers' answers and facts of
 * calls are in the log already, and the process handles them as fast as it can, over eight partitions.
 * `node bench/causes.ts [memory|sqlite|kafka]`; default sqlite.
 *
 * The embedded logs against the same desks fed by hand, without a log. Kafka against bare transactions of the
 * very records that the dispatcher has committed, in turn with it, after 20 s in which both have worked: a broker's
 * JVM compiles for so long.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createMemoryLog } from "../adapters/event-log/memory/memory-log.ts";
import { createMemoryStore } from "../adapters/event-log/memory/memory-store.ts";
import { createSqliteLog } from "../adapters/event-log/sqlite/sqlite-log.ts";
import { createNumberingPlan } from "../adapters/numbering/numbering-plan.ts";
import { createZoneClock } from "../adapters/system/zone-clock.ts";
import { milliseconds } from "../domain/kernel/time.ts";
import type { Delivered, Entry, EventLog } from "../domain/ports/event-log.ts";
import type { InputMessage } from "../domain/request/commands.ts";
import { createDirectory, foldDirectory } from "../projections/directory.ts";
import { createTelephonyLoad, foldLoad } from "../projections/telephony-load.ts";
import { createDesk } from "../services/dispatcher/desk.ts";
import { createDispatcher } from "../services/dispatcher/dispatcher.ts";
import { type BareCommits, type CommitOf, openBareCommits } from "./bare-commits.ts";
import { type BenchResult, printBench } from "./bench-line.ts";
import {
  chance,
  clock,
  directoryEntries,
  entryOf,
  keyring,
  loadEntries,
  makeRound,
  type Round,
} from "./causes-load.ts";
import { QUIET, startKafkaBench } from "./kafka-bench.ts";
import { percentile } from "./percentile.ts";

const PARTITIONS = 8;
const BATCH = 100;
const APPEND_RECORDS = 1_000;
const DONE_WAIT_MS = 60_000;
const WARM_MS = 20_000;
const KAFKA_ROUNDS = 3;
/** A machine that is too slow for so many rounds gives the figures of fewer. */
const KAFKA_ROUNDS_MS_MAX = 70_000;

const PORTS = {
  keyring,
  numbering: createNumberingPlan(),
  zones: createZoneClock(),
  trunkCountry: "US",
  dialled: (number: string) => number,
  operatorLog: QUIET,
  draw: () => chance.draw(),
  ulid: () => chance.ulid(),
};
const OPTIONS = {
  source: "dispatcher",
  offerTtlMs: milliseconds(60_000),
  serverSilentMs: 600_000,
  rememberOverMs: 3_600_000,
  coldStartMs: 0,
};

/** By the wall clock, and by the processor's time of this process: others may be at work on the machine. */
type Spent = { readonly ms: number; readonly cpuMs: number };
type Handled = { readonly submits: Spent; readonly answers: Spent };

const kind = (process.argv[2] ?? "sqlite").replace(/^--/, "");
if (kind === "kafka") printBench(await throughKafka());
else if (kind === "memory" || kind === "sqlite") printBench(await throughEmbedded(kind));
else {
  process.stderr.write(`causes: there is no log "${kind}"; give memory, sqlite or kafka\n`);
  process.exitCode = 2;
}

async function throughEmbedded(store: "memory" | "sqlite"): Promise<BenchResult> {
  const round = await makeRound();
  // Once to be warm.
  byHand(round);
  const desk = ratesOf(round, byHand(round));
  const home = mkdtempSync(join(tmpdir(), "reveille-causes-"));
  const common = { clock, owner: "bench", operatorLog: QUIET };
  const log =
    store === "memory"
      ? createMemoryLog({ ...common, store: createMemoryStore(clock) })
      : createSqliteLog({ ...common, path: join(home, "log.db"), maintain: false });
  try {
    const dispatcher = await startMeasured(log);
    const through = ratesOf(round, await dispatcher.handle(round));
    requireCompleted(round, dispatcher.takeCommits());
    await dispatcher.stop();
    return {
      name: "causes",
      figures: {
        ...through,
        deskCausesPerCpuSecond: desk.causesPerCpuSecond,
        deskCausesPerSecond: desk.causesPerSecond,
        deskRequestsPerSecond: desk.requestsPerSecond,
        causes: causesIn(round),
      },
      ratio: through.causesPerCpuSecond / desk.causesPerCpuSecond,
      against: `causes for a second of processor time through the ${store} log / handed to the desks directly`,
      goals: [{ figure: "causesPerSecond", atLeast: 5_000 }],
      command: `node bench/causes.ts ${store}`,
    };
  } finally {
    await log.close();
    rmSync(home, { recursive: true, force: true });
  }
}

async function throughKafka(): Promise<BenchResult> {
  const command = "node bench/causes.ts kafka";
  const kafka = await startKafkaBench("causes-kafka", command);
  try {
    const dispatcher = await startMeasured(kafka.openLog("bench"));
    const bare = await openBareCommits(kafka);
    const warmUntil = performance.now() + WARM_MS;
    while (performance.now() < warmUntil) await oneAfterTheOther(dispatcher, bare);
    const lateAt = performance.now() + KAFKA_ROUNDS_MS_MAX - WARM_MS;
    const rounds: Compared[] = [];
    while (rounds.length < KAFKA_ROUNDS && (rounds.length === 0 || performance.now() < lateAt)) {
      rounds.push(await oneAfterTheOther(dispatcher, bare));
    }
    await bare.close();
    await dispatcher.stop();
    const median = (of: (one: Compared) => number): number => percentile(rounds.map(of), 0.5);
    return {
      name: "causes-kafka",
      figures: {
        causesPerSecond: median(({ ours }) => ours.causesPerSecond),
        requestsPerSecond: median(({ ours }) => ours.requestsPerSecond),
        factsPerSecond: median(({ ours }) => ours.factsPerSecond),
        causesPerCpuSecond: median(({ ours }) => ours.causesPerCpuSecond),
        bareCausesPerSecond: median(({ bareCausesPerSecond }) => bareCausesPerSecond),
        causesPerTransaction: median(({ causesPerTransaction }) => causesPerTransaction),
        rounds: rounds.length,
        partitions: PARTITIONS,
      },
      ratio: median(({ ours, bareCausesPerSecond }) => ours.causesPerSecond / bareCausesPerSecond),
      against:
        "causes a second read, judged and committed / their records written by bare kafkajs transactions",
      goals: [
        { figure: "causesPerSecond", atLeast: 5_000 },
        { figure: "ratio", atLeast: 0.4 },
      ],
      command,
    };
  } finally {
    await kafka.stop();
  }
}

type Compared = {
  readonly ours: Rates;
  readonly bareCausesPerSecond: number;
  readonly causesPerTransaction: number;
};

/** New Requests through the dispatcher, and then the records that it has written for them through bare producers. */
async function oneAfterTheOther(dispatcher: Measured, bare: BareCommits): Promise<Compared> {
  const round = await makeRound();
  const ours = ratesOf(round, await dispatcher.handle(round));
  const commits = dispatcher.takeCommits();
  requireCompleted(round, commits);
  const bareMs = await bare.write(commits);
  return {
    ours,
    bareCausesPerSecond: (causesIn(round) * 1_000) / bareMs,
    causesPerTransaction: causesIn(round) / commits.length,
  };
}

function causesIn({ asked, facts }: Round): number {
  return asked.length + facts.length;
}

/** Ignoring records would be faster than judging them. */
function requireCompleted({ asked }: Round, commits: readonly CommitOf[]): void {
  const events = commits.flatMap(({ outputs }) => outputs.events);
  const completed = events.filter(({ message }) => message?.type === "RequestCompleted").length;
  if (completed !== asked.length) {
    throw new Error(`causes: ${completed} of ${asked.length} Requests were completed; nothing was measured`);
  }
}

type Rates = {
  readonly causesPerSecond: number;
  readonly requestsPerSecond: number;
  readonly factsPerSecond: number;
  readonly causesPerCpuSecond: number;
};

function ratesOf(round: Round, { submits, answers }: Handled): Rates {
  return {
    causesPerSecond: (causesIn(round) * 1_000) / (submits.ms + answers.ms),
    requestsPerSecond: (round.asked.length * 1_000) / submits.ms,
    factsPerSecond: (round.facts.length * 1_000) / answers.ms,
    causesPerCpuSecond: (causesIn(round) * 1_000) / (submits.cpuMs + answers.cpuMs),
  };
}

/** The desks alone: records in, outputs thrown away, as many at once as a task is given. */
function byHand({ asked, facts }: Round): Handled {
  const directory = createDirectory();
  for (const { key, message } of directoryEntries()) foldDirectory(directory, key, message);
  const load = createTelephonyLoad();
  for (const { message } of loadEntries())
    if (message?.type === "LoadReported") foldLoad(load, message, clock.now());
  const desks = Array.from({ length: PARTITIONS }, (_, partition) =>
    createDesk(
      { ...OPTIONS, partition, partitions: PARTITIONS, epoch: 1 },
      { ...PORTS, directory, load, steadyNow: () => clock.now() },
    ),
  );
  for (const one of desks) one.open(clock.now());
  let offset = 0;
  const feed = (messages: readonly InputMessage[]): Spent => {
    const records = messages.map((message): Delivered<"requests"> => {
      const { key, envelope, slot } = entryOf(message);
      offset += 1;
      const where = { topic: "requests", partition: slot % PARTITIONS, offset } as const;
      return { ...where, key, appendedAt: clock.now(), ok: true, envelope, message };
    });
    const spent = stopwatch();
    for (const [partition, mine] of Map.groupBy(records, (record) => record.partition)) {
      for (let at = 0; at < mine.length; at += BATCH) {
        for (const record of mine.slice(at, at + BATCH)) desks[partition]?.take(record, clock.now());
        desks[partition]?.pump(clock.now());
        desks[partition]?.takeOutputs();
        desks[partition]?.committed(offset);
      }
    }
    return spent();
  };
  return { submits: feed(asked), answers: feed(facts) };
}

type Measured = {
  /** Each half from the moment at which all of it is in the log to the commit of its last. */
  handle(round: Round): Promise<Handled>;
  /** What was committed since the last call. */
  takeCommits(): readonly CommitOf[];
  stop(): Promise<void>;
};

/** One dispatcher over this log, which owns every partition, and is kept from its work while there is none to measure. */
async function startMeasured(log: EventLog): Promise<Measured> {
  let gate = Promise.withResolvers<void>();
  let done = Promise.withResolvers<void>();
  let left = 0;
  let commits: CommitOf[] = [];
  const owned = Promise.withResolvers<void>();
  let restored = 0;

  const watched: EventLog = {
    ...log,
    work: (group, makeTask) =>
      log.work(group, (ownership) => {
        const task = makeTask({
          ...ownership,
          commit(outputs) {
            if (left > 0) commits.push({ partition: ownership.partition, outputs });
            return ownership.commit(outputs);
          },
        });
        return {
          ...task,
          resumeAfter(committed) {
            restored += 1;
            if (restored === PARTITIONS) owned.resolve();
            return task.resumeAfter(committed);
          },
          async handle(records) {
            await gate.promise;
            await task.handle(records);
            left -= records.length;
            if (left <= 0) done.resolve();
          },
        };
      }),
  };

  async function handleAll(messages: readonly InputMessage[]): Promise<Spent> {
    gate = Promise.withResolvers<void>();
    done = Promise.withResolvers<void>();
    left = messages.length;
    await appendAll(log, "requests", messages.map(entryOf));
    const late = setTimeout(
      () => done.reject(new Error(`causes: ${left} are left after ${DONE_WAIT_MS / 1_000} s`)),
      DONE_WAIT_MS,
    );
    const spent = stopwatch();
    gate.resolve();
    await done.promise.finally(() => clearTimeout(late));
    return spent();
  }

  await appendAll(log, "directory", directoryEntries());
  await appendAll(log, "load", loadEntries());
  const reporting = setInterval(() => {
    log
      .append("load", loadEntries())
      .catch((error: unknown) => QUIET.error("no report was written", { error }));
  }, 1_000);
  const dispatcher = createDispatcher(OPTIONS, { ...PORTS, log: watched, clock });
  await dispatcher.start();
  await owned.promise;
  return {
    handle: async ({ asked, facts }) => ({
      submits: await handleAll(asked),
      answers: await handleAll(facts),
    }),
    takeCommits() {
      const taken = commits;
      commits = [];
      return taken;
    },
    async stop() {
      clearInterval(reporting);
      await dispatcher.stop();
    },
  };
}

function stopwatch(): () => Spent {
  const [from, used] = [performance.now(), process.cpuUsage()];
  return () => {
    const { user, system } = process.cpuUsage(used);
    return { ms: performance.now() - from, cpuMs: (user + system) / 1_000 };
  };
}

async function appendAll<Topic extends "requests" | "directory" | "load">(
  log: EventLog,
  topic: Topic,
  entries: readonly Entry<Topic>[],
): Promise<void> {
  for (let at = 0; at < entries.length; at += APPEND_RECORDS) {
    await log.append(topic, entries.slice(at, at + APPEND_RECORDS));
  }
}
