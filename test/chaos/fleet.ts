/**
 * Every role as a process of its own, some of them several times, to be killed: whatever ends is started again
 * after the time that the supervisor of the product takes for a first restart. An end that nobody here asked for
 * is kept, because the product must not die by itself.
 */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { RESTART_FIRST_MS } from "../../adapters/process/supervisor.ts";
import type { RoleName } from "../../compose.ts";

const MAIN = fileURLToPath(new URL("../../main.ts", import.meta.url));
const STOP_MS = 15_000;
const READY_MS = 120_000;

export type FleetRole = {
  /** Unique, e.g. "telephony-2". */
  readonly name: string;
  readonly role: RoleName;
  readonly env: Readonly<Record<string, string>>;
};

/** An end that was not asked for. */
export type Death = {
  readonly name: string;
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The log takes nothing while its broker is down: a role may then end to be started again. */
  readonly at: number;
};

export type Fleet = {
  readonly roles: readonly FleetRole[];
  /** Deaths of their own. */
  readonly deaths: readonly Death[];
  /** Starts all at once; resolves when all are ready. */
  start(): Promise<void>;
  isUp(name: string): boolean;
  pidOf(name: string): number | null;
  whenReady(name: string): Promise<void>;
  /** SIGKILL; resolves once the process is gone. Does nothing while it is down. */
  kill(name: string): Promise<void>;
  signal(name: string, signal: "SIGSTOP" | "SIGCONT"): void;
  /** SIGKILL to all at once, and none is started again before `start`. */
  cutPower(): Promise<void>;
  /** SIGTERM, the last first; SIGKILL to whoever does not end. Answers who had to be killed. `except` goes on. */
  stop(except?: RoleName): Promise<readonly string[]>;
};

type Member = {
  readonly spec: FleetRole;
  child: ChildProcess | null;
  ready: PromiseWithResolvers<void>;
  isReady: boolean;
  asked: boolean;
};

/** `onDown` is told of every end, asked for or not. What the roles say goes to `<folder>/<name>.log`. */
export function createFleet(
  roles: readonly FleetRole[],
  folder: string,
  onDown: (name: string) => void,
): Fleet {
  const members = new Map<string, Member>(
    roles.map((spec) => [
      spec.name,
      { spec, child: null, ready: Promise.withResolvers<void>(), isReady: false, asked: false },
    ]),
  );
  const deaths: Death[] = [];
  let running = false;

  function memberOf(name: string): Member {
    const member = members.get(name);
    if (member === undefined) throw new Error(`chaos: there is no role "${name}"`);
    return member;
  }

  function launch(member: Member): void {
    const { name, role, env } = member.spec;
    const output = openSync(join(folder, `${name}.log`), "a");
    const child = fork(MAIN, ["start", "--role", role], {
      env,
      stdio: ["ignore", output, output, "ipc"],
      detached: true,
    });
    closeSync(output);
    member.child = child;
    member.asked = false;
    child.on("message", (message: { readonly type?: string }) => {
      if (message.type !== "ready") return;
      member.isReady = true;
      member.ready.resolve();
    });
    child.on("error", () => undefined);
    child.once("exit", (code, signal) => ended(member, code, signal));
  }

  function ended(member: Member, code: number | null, signal: NodeJS.Signals | null): void {
    const { name } = member.spec;
    member.child = null;
    // Whoever waits for the first readiness goes on waiting: the next run may be the one that gets there.
    if (member.isReady) member.ready = Promise.withResolvers<void>();
    member.isReady = false;
    if (!member.asked) deaths.push({ name, code, signal, at: Date.now() });
    onDown(name);
    if (!running) return;
    setTimeout(() => {
      if (running && member.child === null) launch(member);
    }, RESTART_FIRST_MS);
  }

  async function readyInTime(member: Member): Promise<void> {
    const patience = new AbortController();
    const late = pause(READY_MS, true, { signal: patience.signal }).catch(() => false);
    const isLate = await Promise.race([member.ready.promise.then(() => false), late]);
    patience.abort();
    if (isLate) {
      throw new Error(
        `chaos: ${member.spec.name} was not ready within ${READY_MS} ms; see its log in ${folder}`,
      );
    }
  }

  async function end(member: Member, signal: "SIGKILL" | "SIGTERM"): Promise<boolean> {
    const { child } = member;
    if (child === null) return true;
    member.asked = true;
    const gone = once(child, "exit");
    child.kill(signal);
    let killed = false;
    const impatience = setTimeout(() => {
      killed = true;
      child.kill("SIGKILL");
    }, STOP_MS);
    await gone;
    clearTimeout(impatience);
    return !killed;
  }

  return {
    roles,
    deaths,
    async start() {
      running = true;
      for (const member of members.values()) launch(member);
      await Promise.all([...members.values()].map(readyInTime));
    },
    isUp: (name) => memberOf(name).child !== null,
    pidOf: (name) => memberOf(name).child?.pid ?? null,
    whenReady: (name) => memberOf(name).ready.promise,
    async kill(name) {
      await end(memberOf(name), "SIGKILL");
    },
    signal(name, signal) {
      memberOf(name).child?.kill(signal);
    },
    async cutPower() {
      running = false;
      await Promise.all([...members.values()].map((member) => end(member, "SIGKILL")));
    },
    async stop(except) {
      running = false;
      const stubborn: string[] = [];
      for (const member of [...members.values()].toReversed()) {
        if (member.spec.role === except) continue;
        if (!(await end(member, "SIGTERM"))) stubborn.push(member.spec.name);
      }
      return stubborn;
    },
  };
}
