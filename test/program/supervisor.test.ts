import { appendFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import {
  createSupervisor,
  READY_WITHIN_MS,
  RESTART_FIRST_MS,
  RESTART_MAX_MS,
  STEADY_MS,
  STOP_WITHIN_MS,
  type Supervisor,
} from "../../adapters/process/supervisor.ts";
import { createFakeOperatorLog, type FakeOperatorLog } from "../support/fake-operator-log.ts";
import { NINE } from "../support/sample-request.ts";
import { createVirtualClock, type VirtualClock } from "../support/virtual-clock.ts";

const ENTRY = fileURLToPath(new URL("tiny-role.ts", import.meta.url));

let folder: string;
let diary: string;
let clock: VirtualClock;
let operatorLog: FakeOperatorLog & { readonly said: (what: string, count?: number) => Promise<void> };
let supervisor: Supervisor;
let notes: ReturnType<typeof createNotes>;

/** Resolves waits for "so many of these have come". */
function createNotes() {
  const counts = new Map<string, number>();
  const waiting = new Set<() => void>();
  return {
    count(what: string): void {
      counts.set(what, (counts.get(what) ?? 0) + 1);
      for (const look of waiting) look();
    },
    reached: (what: string, count: number): Promise<void> =>
      new Promise((resolve) => {
        const look = (): void => {
          if ((counts.get(what) ?? 0) < count) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        look();
      }),
  };
}

function supervise(...roles: readonly string[]): Supervisor {
  supervisor = createSupervisor({
    entry: ENTRY,
    roles: roles.map((role) => ({ role, env: { PATH: process.env["PATH"] ?? "", DIARY: diary } })),
    clock,
    operatorLog,
    onNote: (role) => notes.count(`${role} awake`),
  });
  return supervisor;
}

const lines = (): readonly string[] => readFileSync(diary, "utf8").trim().split("\n");
const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "reveille-roles-"));
  diary = join(folder, "diary");
  appendFileSync(diary, "");
  clock = createVirtualClock(NINE);
  notes = createNotes();
  const log = createFakeOperatorLog();
  const warn: typeof log.warn = (what, facts) => {
    log.warn(what, facts);
    notes.count(what);
  };
  operatorLog = { ...log, warn, said: (what, count = 1) => notes.reached(what, count) };
});
afterEach(async () => {
  const stopped = supervisor.stop();
  // Whoever does not listen is killed once the patience is over.
  for (let round = 0; round < 4; round += 1) await clock.advance(STOP_WITHIN_MS);
  await stopped;
  rmSync(folder, { recursive: true, force: true });
});

/** Caught at once: a rejection that nobody awaits yet would fail the run. */
const failureOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => "it did not fail",
    (error: unknown) => String(error),
  );

const ENDED = "a role ended and is started again";
const pauses = (): unknown[] =>
  operatorLog.lines.filter(({ what }) => what === ENDED).map(({ facts }) => facts["afterMs"]);

test("roles start in order, each after the one before is ready, and say where they listen", async () => {
  const listens = await supervise("first", "second").start();
  expect([...listens.keys()]).toEqual(["first", "second"]);
  expect(listens.get("first")).toEqual({ door: `${supervisor.pidOf("first")}` });
  expect(lines()).toEqual(["first started", "second started"]);
});

test("the last started is stopped first, and nobody is left", async () => {
  await supervise("first", "second", "third").start();
  const pids = ["first", "second", "third"].map((role) => supervisor.pidOf(role) ?? 0);
  await supervisor.stop();
  expect(lines().slice(3)).toEqual(["third asked to stop", "second asked to stop", "first asked to stop"]);
  expect(pids.filter(isAlive)).toEqual([]);
  expect(supervisor.pidOf("first")).toBeNull();
});

test("a role that is killed is started again after a pause, and is ready again", async () => {
  await supervise("first").start();
  const pid = supervisor.pidOf("first") ?? 0;
  process.kill(pid, "SIGKILL");
  await operatorLog.said(ENDED);
  expect(supervisor.pidOf("first")).toBeNull();
  await clock.advance(RESTART_FIRST_MS - 1);
  expect(supervisor.pidOf("first")).toBeNull();
  await clock.advance(1);
  expect(await supervisor.whenReady("first")).toEqual({ door: `${supervisor.pidOf("first")}` });
  expect(supervisor.pidOf("first")).not.toBe(pid);
});

test("each quick death doubles the pause, up to a limit; a steady run makes it short again", async () => {
  await supervise("first").start();
  for (let deaths = 1; deaths <= 8; deaths += 1) {
    process.kill(supervisor.pidOf("first") ?? 0, "SIGKILL");
    await operatorLog.said(ENDED, deaths);
    await clock.advance(RESTART_MAX_MS);
    await supervisor.whenReady("first");
  }
  expect(pauses()).toEqual([100, 200, 400, 800, 1_600, 3_200, RESTART_MAX_MS, RESTART_MAX_MS]);
  await clock.advance(STEADY_MS + 1);
  process.kill(supervisor.pidOf("first") ?? 0, "SIGKILL");
  await operatorLog.said(ENDED, 9);
  expect(pauses().at(-1)).toBe(RESTART_FIRST_MS);
});

test("a role that dies before it was first ready is waited for through its restarts", async () => {
  const started = supervise("never-ready").start();
  await notes.reached("never-ready awake", 1);
  process.kill(supervisor.pidOf("never-ready") ?? 0, "SIGKILL");
  await operatorLog.said(ENDED);
  await clock.advance(RESTART_FIRST_MS);
  await notes.reached("never-ready awake", 2);
  await supervisor.stop();
  await expect(started).rejects.toThrow("stopped while they were being started");
});

test("a role that never gets ready fails the start in time, says which, and takes the others down", async () => {
  const started = supervise("first", "never-ready").start();
  const failed = failureOf(started);
  await notes.reached("never-ready awake", 1);
  await clock.advance(READY_WITHIN_MS);
  expect(await failed).toContain(`role never-ready was not ready within ${READY_WITHIN_MS} ms`);
  expect(supervisor.pidOf("first")).toBeNull();
  expect(supervisor.pidOf("never-ready")).toBeNull();
  expect(lines()).toContain("first asked to stop");
});

test("a role that dies at every start is tried again, slower each time, until the start fails", async () => {
  const started = supervise("dies-at-once").start();
  const failed = failureOf(started);
  for (let deaths = 1; deaths <= 4; deaths += 1) {
    await operatorLog.said(ENDED, deaths);
    await clock.advance(RESTART_FIRST_MS * 2 ** (deaths - 1));
  }
  expect(operatorLog.lines[0]?.facts).toMatchObject({ role: "dies-at-once", code: 3 });
  expect(pauses().slice(0, 4)).toEqual([100, 200, 400, 800]);
  await clock.advance(READY_WITHIN_MS);
  expect(await failed).toContain("role dies-at-once was not ready");
});

test("a role that does not listen is killed once the patience is over", async () => {
  await supervise("stubborn").start();
  const pid = supervisor.pidOf("stubborn") ?? 0;
  const stopped = supervisor.stop();
  await clock.settle(() => lines().includes("stubborn asked to stop"), "it was asked").catch(() => undefined);
  await clock.advance(STOP_WITHIN_MS - 1);
  expect(isAlive(pid)).toBe(true);
  await clock.advance(1);
  await stopped;
  expect(isAlive(pid)).toBe(false);
});

test("a role that is stopped while it waits for its restart does not come back", async () => {
  await supervise("first").start();
  process.kill(supervisor.pidOf("first") ?? 0, "SIGKILL");
  await operatorLog.said(ENDED);
  await supervisor.stop();
  await clock.advance(RESTART_MAX_MS);
  expect(supervisor.pidOf("first")).toBeNull();
  expect(lines()).toHaveLength(1);
});
