/**
 * Keeps the roles of one machine running, each a process of its own: they meet only in the log, as they would
 * at scale. All start at once, for each waits by itself for what it needs. A role that dies is started again,
 * slower each time; what it held it finds in the log.
 */
import { type ChildProcess, fork } from "node:child_process";
import { type Milliseconds, milliseconds } from "../../domain/kernel/time.ts";
import type { Clock } from "../../domain/ports/clock.ts";
import type { OperatorLog } from "../../domain/ports/operator-log.ts";
import {
  isNote,
  isReady,
  isWaiting,
  type Listens,
  STOP_AFTER_DRAINING,
  STOP_NOW,
  type StopSignal,
} from "./role-messages.ts";

export type SupervisedRole = {
  readonly role: string;
  /** Of this one among several of its role; default: the role's. */
  readonly name?: string;
  readonly env: Readonly<Record<string, string>>;
};

export type Supervisor = {
  /**
   * Answers where each listens, by name. Rejects when one does not get ready in time (having stopped the others
   * again), and when it is stopped meanwhile. A role that tells what it waits for is given its time anew.
   */
  start(): Promise<ReadonlyMap<string, Listens>>;
  /** Process id of a role now running; null when it is down. */
  pidOf(name: string): number | null;
  /** Resolves with the addresses when the role is ready (again). */
  whenReady(name: string): Promise<Listens>;
  /**
   * Asks one to finish what it is doing, and does not start it again. Resolves when it has ended. After
   * `patienceMs` and the time that ending takes it is killed.
   */
  retire(name: string, patienceMs: number): Promise<void>;
  /** Starts one more. Resolves when it is ready. */
  add(role: SupervisedRole): Promise<Listens>;
  /** As `stop`, but each is first asked to finish what it is doing, for which it is given `patienceMs`. */
  drain(patienceMs: number): Promise<void>;
  /**
   * Ends the roles, those of the same role together, in the order of the list: first who takes Requests, last who
   * reports on them. Each is given some time before it is killed. Harmless when repeated, and cuts a drain short.
   */
  stop(): Promise<void>;
};

/** From the start of a role, or from when it last told what it waits for, until it serves; restarts included. */
export const READY_WITHIN_MS = milliseconds(30_000);
/** From being asked to end until SIGKILL. */
export const STOP_WITHIN_MS = milliseconds(15_000);
/** The pause before the first restart; each quick death doubles it. */
export const RESTART_FIRST_MS = 100;
export const RESTART_MAX_MS = 5_000;
/** A role that ran this long is given a quick restart again. */
export const STEADY_MS = 30_000;

type Running = {
  readonly spec: SupervisedRole;
  readonly name: string;
  child: ChildProcess | null;
  ready: PromiseWithResolvers<Listens>;
  isReady: boolean;
  /** It shall not be started again. */
  ending: boolean;
  /** What it said last that it waits for. */
  waitsFor: string | null;
  /** Gives it the time to get ready anew. */
  stillWaits: () => void;
  /** Pause before the next restart. */
  restartMs: number;
  cancelRestart: () => void;
};

export function createSupervisor(options: {
  /** The program's entry; called as `<entry> start --role <role>`. */
  readonly entry: string;
  readonly roles: readonly SupervisedRole[];
  readonly clock: Clock;
  readonly operatorLog: OperatorLog;
  readonly onNote?: (name: string, note: unknown) => void;
}): Supervisor {
  const { clock, operatorLog } = options;
  const running = new Map<string, Running>();
  const stopAsked = Promise.withResolvers<never>();
  stopAsked.promise.catch(() => undefined);
  let drained: Promise<void> | null = null;
  let stopped: Promise<void> | null = null;

  function launch(role: Running): void {
    const startedAt = clock.monotonic();
    const child = fork(options.entry, ["start", "--role", role.spec.role], {
      env: { ...role.spec.env },
      stdio: ["ignore", "inherit", "inherit", "ipc"],
      // The operator's terminal signals the whole group: the supervisor alone decides when its roles stop.
      detached: true,
    });
    role.child = child;
    child.on("message", (message) => heard(role, message));
    // A process that could not be started, and one that could not be signalled: the exit, if any, says the rest.
    child.on("error", (error) => {
      operatorLog.error("a role's process failed", { role: role.name, error });
      if (child.pid === undefined) restartLater(role, { startedAt, code: null, signal: null });
    });
    child.on("exit", (code, signal) => restartLater(role, { startedAt, code, signal }));
  }

  function heard(role: Running, message: unknown): void {
    if (isReady(message)) {
      role.isReady = true;
      role.ready.resolve(message.listens);
    } else if (isWaiting(message)) {
      role.waitsFor = message.what;
      role.stillWaits();
    } else if (isNote(message)) options.onNote?.(role.name, message.note);
  }

  function restartLater(role: Running, { startedAt, code, signal }: End): void {
    role.child = null;
    if (role.ending) return;
    const afterMs = clock.monotonic() - startedAt > STEADY_MS ? RESTART_FIRST_MS : role.restartMs;
    role.restartMs = Math.min(RESTART_MAX_MS, afterMs * 2);
    operatorLog.warn("a role ended and is started again", { role: role.name, code, signal, afterMs });
    // Whoever waits for the first readiness goes on waiting: the next run may be the one that gets there.
    if (role.isReady) role.ready = Promise.withResolvers();
    role.isReady = false;
    role.cancelRestart = clock.schedule(milliseconds(afterMs), () => launch(role));
  }

  async function end(role: Running, signal: StopSignal, within: Milliseconds): Promise<void> {
    role.ending = true;
    role.cancelRestart();
    const { child } = role;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise<void>((resolve) => child.once("exit", () => resolve()));
    child.kill(signal);
    const cancel = clock.schedule(within, () => child.kill("SIGKILL"));
    await gone;
    cancel();
  }

  function take(spec: SupervisedRole): Running {
    const name = spec.name ?? spec.role;
    if (running.get(name)?.ending === false) throw new Error(`a role ${name} is supervised here already`);
    const role: Running = {
      spec,
      name,
      child: null,
      ready: Promise.withResolvers(),
      isReady: false,
      ending: false,
      waitsFor: null,
      stillWaits: () => undefined,
      restartMs: RESTART_FIRST_MS,
      cancelRestart: () => undefined,
    };
    running.set(name, role);
    launch(role);
    return role;
  }

  async function untilReady(role: Running): Promise<Listens> {
    const late = Promise.withResolvers<never>();
    const tooLate = (): void => late.reject(new Error(lateness(role)));
    let cancel = clock.schedule(READY_WITHIN_MS, tooLate);
    role.stillWaits = () => {
      cancel();
      cancel = clock.schedule(READY_WITHIN_MS, tooLate);
    };
    try {
      return await Promise.race([role.ready.promise, stopAsked.promise, late.promise]);
    } finally {
      role.stillWaits = () => undefined;
      cancel();
    }
  }

  /** One kind of role after the other, the first of the list first. Without `patienceMs`: now. */
  async function endAll(patienceMs: number | null): Promise<void> {
    for (const role of running.values()) role.ending = true;
    const kinds = Map.groupBy(running.values(), ({ spec }) => spec.role);
    for (const roles of kinds.values()) {
      // A drain that was cut short asks nobody else to take his time.
      const now = patienceMs === null || stopped !== null;
      await Promise.all(
        roles.map((role) =>
          now
            ? end(role, STOP_NOW, STOP_WITHIN_MS)
            : end(role, STOP_AFTER_DRAINING, milliseconds(patienceMs + STOP_WITHIN_MS)),
        ),
      );
    }
  }

  function endStart(): void {
    for (const role of running.values()) role.cancelRestart();
    stopAsked.reject(new Error("the roles were stopped while they were being started"));
  }

  function stop(): Promise<void> {
    endStart();
    stopped ??= endAll(null);
    return stopped;
  }

  function requireRole(name: string): Running {
    const known = running.get(name);
    if (known === undefined) throw new Error(`no role ${name} is supervised here`);
    return known;
  }

  return {
    async start() {
      try {
        const roles = options.roles.map(take);
        const listens = await Promise.all(roles.map(untilReady));
        return new Map(roles.map(({ name }, index) => [name, listens[index] ?? {}]));
      } catch (error) {
        await stop();
        throw error;
      }
    },
    pidOf: (name) => running.get(name)?.child?.pid ?? null,
    whenReady: (name) => requireRole(name).ready.promise,
    async retire(name, patienceMs) {
      const role = requireRole(name);
      await end(role, STOP_AFTER_DRAINING, milliseconds(patienceMs + STOP_WITHIN_MS));
    },
    add: async (spec) => await untilReady(take(spec)),
    drain(patienceMs) {
      endStart();
      drained ??= endAll(patienceMs);
      return drained;
    },
    stop,
  };
}

function lateness({ name, waitsFor }: Running): string {
  const why = waitsFor === null ? "" : `, waiting for ${waitsFor}`;
  return `role ${name} was not ready within ${READY_WITHIN_MS} ms${why}; see its messages above`;
}

type End = {
  readonly startedAt: number;
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
};
