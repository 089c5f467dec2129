/** Starts a child program of these tests and reads its lines. It is killed at the latest by `end`. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const PROGRAMS = {
  appender: new URL("./children/appender.ts", import.meta.url),
  owner: new URL("./children/owner.ts", import.meta.url),
  filler: new URL("./children/filler.ts", import.meta.url),
};

export type Child = {
  readonly lines: string[];
  /** Resolves when `condition` holds over the lines so far; rejects when the child ends before. */
  until(condition: (lines: readonly string[]) => boolean): Promise<void>;
  signal(name: NodeJS.Signals): void;
  send(line: string): void;
  readonly pid: number;
  /** SIGKILL, unless it is gone; resolves when it is. */
  end(): Promise<void>;
};

export function startChild(
  program: keyof typeof PROGRAMS,
  args: readonly string[],
  /** Soft limit on the size of a file, in KiB. */
  fileLimitKib?: number,
): Child {
  const file = fileURLToPath(PROGRAMS[program]);
  const command = [process.execPath, file, ...args];
  const child =
    fileLimitKib === undefined
      ? spawn(command[0] ?? "", command.slice(1), { stdio: ["pipe", "pipe", "inherit"] })
      : spawn("bash", ["-c", `ulimit -S -f ${fileLimitKib}; exec "$@"`, "bash", ...command], {
          stdio: ["pipe", "pipe", "inherit"],
        });
  return watchChild(child);
}

function watchChild(child: ChildProcess): Child {
  const lines: string[] = [];
  const watchers = new Set<() => void>();
  const exited = once(child, "exit");
  const look = (): void => {
    for (const watcher of watchers) watcher();
  };
  if (child.stdout === null || child.stdin === null) throw new Error("the child has no pipes");
  const { stdin } = child;
  const reader = createInterface({ input: child.stdout });
  reader.on("line", (line) => {
    lines.push(line);
    look();
  });
  const over = Promise.all([exited, once(reader, "close")]);
  return {
    lines,
    until: (condition) =>
      new Promise((resolve, reject) => {
        const watcher = (): void => {
          if (!condition(lines)) return;
          watchers.delete(watcher);
          resolve();
        };
        watchers.add(watcher);
        watcher();
        void over.then(() =>
          reject(new Error(`the child ended after ${lines.length} lines: ${lines.at(-1)}`)),
        );
      }),
    signal: (name) => void child.kill(name),
    send: (line) => void stdin.write(`${line}\n`),
    pid: child.pid ?? 0,
    async end() {
      if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
      await over;
    },
  };
}
