/** Starts `olapd`, and starts it again when it dies: nothing but reports may notice. */
import { type ChildProcess, fork } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { OperatorLog } from "../../../domain/ports/operator-log.ts";
import { AnalyticsOffError } from "./engine.ts";
import { isChildMessage, type ParentMessage } from "./process-messages.ts";

export type OlapdOptions = {
  readonly directory: string;
  /** Of the engine; 1 GB by default. */
  readonly memoryBytesMax?: number;
  readonly log: OperatorLog;
};

export type Olapd = {
  /** The same over restarts. */
  readonly url: string;
  readonly writer: Account;
  readonly reader: Account;
  /** Null while it is down. */
  pid(): number | null;
  stop(): Promise<void>;
};

type Account = { readonly username: string; readonly password: string };

const MEMORY_BYTES = 1_000_000_000;
const READY_MS_MAX = 30_000;
const RESTART_FIRST_MS = 100;
const RESTART_LAST_MS = 5_000;

/** Throws `AnalyticsOffError` where chdb is not installed, an Error where the directory is in use. */
export async function startOlapd(options: OlapdOptions): Promise<Olapd> {
  const secrets: ParentMessage = { type: "open", writerPassword: secret(), readerPassword: secret() };
  let child: ChildProcess | null = null;
  let stopping = false;
  let timer: NodeJS.Timeout | null = null;

  const start = async (port: number): Promise<number> => {
    const started = spawn(options, port);
    child = started;
    // Before the ready message nobody may conclude anything from the exit but the one who waits for it.
    const bound = await ready(started, secrets);
    started.once("exit", (code, signal) => {
      child = null;
      if (stopping) return;
      options.log.warn("analytics stopped, starting it again", { code, signal });
      restartAfter(RESTART_FIRST_MS, bound);
    });
    return bound;
  };
  const restartAfter = (delayMs: number, port: number): void => {
    timer = setTimeout(() => {
      start(port).catch((error: unknown) => {
        child = null;
        if (stopping) return;
        options.log.error("analytics does not start", { error, againInMs: delayMs });
        restartAfter(Math.min(delayMs * 2, RESTART_LAST_MS), port);
      });
    }, delayMs);
  };

  const port = await start(0);
  return {
    url: `http://127.0.0.1:${port}`,
    writer: { username: "writer", password: secrets.writerPassword },
    reader: { username: "reader", password: secrets.readerPassword },
    pid: () => child?.pid ?? null,
    stop: async () => {
      stopping = true;
      if (timer !== null) clearTimeout(timer);
      if (child !== null) await end(child);
    },
  };
}

function spawn(options: OlapdOptions, port: number): ChildProcess {
  const entry = fileURLToPath(new URL("./olapd.ts", import.meta.url));
  const memory = String(options.memoryBytesMax ?? MEMORY_BYTES);
  return fork(entry, [options.directory, String(port), memory], {
    // An empty environment: whatever secrets ours holds, the engine's SQL can't reach them.
    env: {},
    execArgv: ["--disable-warning=ExperimentalWarning"],
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
}

async function ready(child: ChildProcess, secrets: ParentMessage): Promise<number> {
  const settled = new AbortController();
  try {
    child.send(secrets);
    return await Promise.race([
      firstMessage(child, settled.signal),
      once(child, "exit", { signal: settled.signal }).then(() => {
        throw new Error("analytics: olapd ended before it was ready; see standard error");
      }),
      expired(settled.signal),
    ]);
  } catch (error) {
    child.kill("SIGKILL");
    throw error;
  } finally {
    settled.abort();
  }
}

async function firstMessage(child: ChildProcess, signal: AbortSignal): Promise<number> {
  const message: unknown = (await once(child, "message", { signal }))[0];
  if (!isChildMessage(message)) throw new Error("analytics: olapd said something else than expected");
  if (message.type === "ready") return message.port;
  throw message.final ? new AnalyticsOffError(message.message) : new Error(message.message);
}

function expired(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const timer = setTimeout(
      () => reject(new Error(`analytics: olapd was not ready within ${READY_MS_MAX} ms`)),
      READY_MS_MAX,
    );
    signal.addEventListener("abort", () => clearTimeout(timer), { once: true });
  });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, "exit");
  child.kill("SIGTERM");
  await gone;
}

function secret(): string {
  return randomBytes(24).toString("base64url");
}
