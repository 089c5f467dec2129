/**
 * Keeps the roles of one machine running, each a process of its own: they meet only in the log, as they would
 * at scale. A role that dies is started again, slower each time; what it held it finds in the log.
 */
import { type ChildProcess, fork } from "node:child_process";
import { type Milliseconds, milliseconds } from "../../domain/kernel/time.ts";
import type { Clock } from "../../domain/ports/clock.ts";
import type { OperatorLog } from "../../domain/ports/operator-log.ts";

/** What a role tells its supervisor once it serves: addresses it listens on, by name. */
export type ReadyMessage = {
  readonly type: "ready";
  readonly role: string;
  readonly listens: Readonly<Record<string, string>>;
};
/** Anything else that a role wants its supervisor to hear (trials and the demo). */
export type NoteMessage = { readonly type: "note"; readonly role: string; readonly note: unknown };

export type SupervisedRole = {
  readonly role: string;
  readonly env: Readonly<Record<string, string>>;
};

export type Supervisor = {
  /**
   * Starts the roles in order, each after the former is ready. Rejects when one does not get ready in time (having
   * stopped the others again), and when it is stopped meanwhile.
   */
  start(): Promise<ReadonlyMap<string, Readonly<Record<string, string>>>>;
  /** Process id of a role now running; null when it is down. */
  pidOf(role: string): number | null;
  /** Resolves with the addresses when the role is ready (again). */
  whenReady(role: string): Promise<Readonly<Record<string, string>>>;
  /** Ends the roles, the last started first, each given some time before it is killed. Harmless when repeated. */
  stop(): Promise<void>;
};

/** From the first start of a role until it serves, restarts included. */
export const READY_WITHIN_MS = milliseconds(30_000);
/** From SIGTERM until SIGKILL. */
export const STOP_WITHIN_MS = milliseconds(15_000);
/** The pause before the first restart; each quick death doubles it. */
export const RESTART_FIRST_MS = 100;
export const RESTART_MAX_MS = 5_000;
/** A role that ran this long is given a quick restart again. */
export const STEADY_MS = 30_000;

type Running = {
  readonly spec: SupervisedRole;
  child: ChildProcess | null;
  ready: PromiseWithResolvers<Readonly<Record<string, string>>>;
  isReady: boolean;
  /** Pause before the next restart. */
  restartMs: number;
  cancelRestart: () => void;
};

function isReady(message: unknown): message is ReadyMessage {
  return typeof message === "object" && message !== null && "type" in message && message.type === "ready";
}

function isNote(message: unknown): message is NoteMessage {
  return typeof message === "object" && message !== null && "type" in message && message.type === "note";
}

export function createSupervisor(options: {
  /** The program's entry; called as `<entry> start --role <role>`. */
  readonly entry: string;
  readonly roles: readonly SupervisedRole[];
  readonly clock: Clock;
  readonly operatorLog: OperatorLog;
  readonly onNote?: (role: string, note: unknown) => void;
}): Supervisor {
  const { clock, operatorLog } = options;
  const running = new Map<string, Running>();
  const stopAsked = Promise.withResolvers<never>();
  stopAsked.promise.catch(() => undefined);
  let stopping = false;
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
    child.on("message", (message) => {
      if (isReady(message)) {
        role.isReady = true;
        role.ready.resolve(message.listens);
      } else if (isNote(message)) options.onNote?.(message.role, message.note);
    });
    // A process that could not be started, and one that could not be signalled: the exit, if any, says the rest.
    child.on("error", (error) => {
      operatorLog.error("a role's process failed", { role: role.spec.role, error });
      if (child.pid === undefined) restartLater(role, { startedAt, code: null, signal: null });
    });
    child.on("exit", (code, signal) => restartLater(role, { startedAt, code, signal }));
  }

  function restartLater(role: Running, { startedAt, code, signal }: End): void {
    role.child = null;
    if (stopping) return;
    const afterMs = clock.monotonic() - startedAt > STEADY_MS ? RESTART_FIRST_MS : role.restartMs;
    role.restartMs = Math.min(RESTART_MAX_MS, afterMs * 2);
    operatorLog.warn("a role ended and is started again", { role: role.spec.role, code, signal, afterMs });
    // Whoever waits for the first readiness goes on waiting: the next run may be the one that gets there.
    if (role.isReady) role.ready = Promise.withResolvers();
    role.isReady = false;
    role.cancelRestart = clock.schedule(milliseconds(afterMs), () => launch(role));
  }

  function within<T>(promise: Promise<T>, limit: Milliseconds, what: string): Promise<T> {
    const late = Promise.withResolvers<never>();
    const cancel = clock.schedule(limit, () =>
      late.reject(new Error(`${what} within ${limit} ms; see its messages above`)),
    );
    return Promise.race([promise, late.promise]).finally(cancel);
  }

  async function end(role: Running): Promise<void> {
    role.cancelRestart();
    const { child } = role;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise<void>((resolve) => child.once("exit", () => resolve()));
    child.kill("SIGTERM");
    const cancel = clock.schedule(STOP_WITHIN_MS, () => child.kill("SIGKILL"));
    await gone;
    cancel();
  }

  async function startOne(spec: SupervisedRole): Promise<Readonly<Record<string, string>>> {
    const role: Running = {
      spec,
      child: null,
      ready: Promise.withResolvers(),
      isReady: false,
      restartMs: RESTART_FIRST_MS,
      cancelRestart: () => undefined,
    };
    running.set(spec.role, role);
    launch(role);
    return within(
      Promise.race([role.ready.promise, stopAsked.promise]),
      READY_WITHIN_MS,
      `role ${spec.role} was not ready`,
    );
  }

  async function endAll(): Promise<void> {
    stopping = true;
    stopAsked.reject(new Error("the roles were stopped while they were being started"));
    // Last started, first stopped: gateways take nothing new while what they fed still works.
    for (const role of [...running.values()].toReversed()) await end(role);
  }

  return {
    async start() {
      const listens = new Map<string, Readonly<Record<string, string>>>();
      try {
        for (const spec of options.roles) listens.set(spec.role, await startOne(spec));
      } catch (error) {
        stopped ??= endAll();
        await stopped;
        throw error;
      }
      return listens;
    },
    pidOf: (role) => running.get(role)?.child?.pid ?? null,
    whenReady: (role) => {
      const known = running.get(role);
      if (known === undefined) throw new Error(`no role ${role} is supervised here`);
      return known.ready.promise;
    },
    stop() {
      stopped ??= endAll();
      return stopped;
    },
  };
}

type End = {
  readonly startedAt: number;
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
};
