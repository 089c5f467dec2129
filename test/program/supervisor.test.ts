import { once } from "node:events";
import { appendFileSync, type FSWatcher, mkdtempSync, readFileSync, rmSync, watch } from "node:fs";
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
  type SupervisedRole,
  type Supervisor,
} from "../../adapters/process/supervisor.ts";
import { createFakeOperatorLog, type FakeOperatorLog } from "../support/fake-operator-log.ts";
import { NINE } from "../support/sample-request.ts";
import { createVirtualClock, type VirtualClock } from "../support/virtual-clock.ts";

const ENTRY = fileURLToPath(new URL("tiny-role.ts", import.meta.url));

let folder: string;
let diary: string;
let watched: FSWatcher;
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
  const env = { PATH: process.env["PATH"] ?? "", DIARY: diary };
  return superviseSpecs(roles.map((role) => ({ role, env })));
}

function superviseSpecs(roles: readonly SupervisedRole[]): Supervisor {
  supervisor = createSupervisor({
    entry: ENTRY,
    roles,
    clock,
    operatorLog,
    onNote: (name, note) => notes.count(`${name} ${String(note)}`),
  });
  return supervisor;
}

/** Resolves once the line stands in the roles' diary. */
async function said(line: string): Promise<void> {
  while (!lines().includes(line)) await once(watched, "change");
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
  watched = watch(diary);
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
  watched.close();
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

test("roles start together, and say where they listen", async () => {
  const started = supervise("first", "never-ready").start();
  const failed = failureOf(started);
  // The one that is never ready keeps nobody waiting.
  expect(await supervisor.whenReady("first")).toEqual({ door: `${supervisor.pidOf("first")}` });
  await notes.reached("never-ready awake", 1);
  await supervisor.stop();
  expect(await failed).toContain("stopped while they were being started");
});

test("where each listens is answered in the order of the list", async () => {
  const listens = await supervise("first", "second").start();
  expect([...listens.keys()]).toEqual(["first", "second"]);
  expect(listens.get("first")).toEqual({ door: `${supervisor.pidOf("first")}` });
  expect(lines().toSorted()).toEqual(["first started", "second started"]);
});

test("the first of the list is stopped first, those of one role together, and nobody is left", async () => {
  const env = { PATH: process.env["PATH"] ?? "", DIARY: diary };
  superviseSpecs(
    ["first", "second", "second", "third"].map((role, index) => ({ role, name: `${role}-${index}`, env })),
  );
  await supervisor.start();
  const pids = ["first-0", "second-1", "second-2", "third-3"].map((name) => supervisor.pidOf(name) ?? 0);
  await supervisor.stop();
  expect(lines().slice(4)).toEqual([
    "first asked to stop",
    "second asked to stop",
    "second asked to stop",
    "third asked to stop",
  ]);
  expect(pids.filter(isAlive)).toEqual([]);
  expect(supervisor.pidOf("first-0")).toBeNull();
});

test("a drain asks each to finish, in the same order, and waits", async () => {
  await supervise("first", "second").start();
  await supervisor.drain(60_000);
  expect(lines().slice(2)).toEqual(["first asked to finish", "second asked to finish"]);
  expect(supervisor.pidOf("first")).toBeNull();
});

test("whoever has not finished when the patience is over is killed", async () => {
  await supervise("busy").start();
  const pid = supervisor.pidOf("busy") ?? 0;
  const drained = supervisor.drain(60_000);
  await said("busy asked to finish");
  await clock.advance(60_000 + STOP_WITHIN_MS - 1);
  expect(isAlive(pid)).toBe(true);
  await clock.advance(1);
  await drained;
  expect(isAlive(pid)).toBe(false);
});

test("being told to stop cuts a drain short", async () => {
  await supervise("busy", "second").start();
  const drained = supervisor.drain(60_000);
  await said("busy asked to finish");
  await supervisor.stop();
  await drained;
  expect(lines().slice(2)).toEqual(["busy asked to finish", "busy asked to stop", "second asked to stop"]);
});

test("one that is retired finishes, is not started again, and leaves the others alone", async () => {
  await supervise("first", "second").start();
  const pid = supervisor.pidOf("second") ?? 0;
  await supervisor.retire("first", 60_000);
  await clock.advance(RESTART_MAX_MS);
  expect(supervisor.pidOf("first")).toBeNull();
  expect(supervisor.pidOf("second")).toBe(pid);
  expect(lines().slice(2)).toEqual(["first asked to finish"]);
});

test("one more can be added, but no two of one name", async () => {
  await supervise("first").start();
  const env = { PATH: process.env["PATH"] ?? "", DIARY: diary };
  await supervisor.add({ role: "first", name: "first-2", env });
  expect(supervisor.pidOf("first-2")).not.toBe(supervisor.pidOf("first"));
  await expect(supervisor.add({ role: "first", name: "first-2", env })).rejects.toThrow(
    "supervised here already",
  );
});

test("a role that tells what it waits for is given its time anew, and is quoted when it is over", async () => {
  const failed = failureOf(supervise("waits-twice").start());
  await notes.reached("waits-twice awake", 1);
  await clock.advance(READY_WITHIN_MS - 1);
  process.kill(supervisor.pidOf("waits-twice") ?? 0, "SIGUSR2");
  await notes.reached("waits-twice awake", 2);
  await clock.advance(READY_WITHIN_MS - 1);
  expect(supervisor.pidOf("waits-twice")).not.toBeNull();
  await clock.advance(1);
  expect(await failed).toContain("waiting for the brokers; see its messages above");
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
  await supervisor.whenReady("first");
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
  await said("stubborn asked to stop");
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
