/** The program itself, as a shell runs it. */
import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";

const MAIN = fileURLToPath(new URL("../../main.ts", import.meta.url));

export type Ran = { readonly code: number | null; readonly out: string; readonly err: string };

export type RunningProgram = {
  readonly child: ChildProcess;
  /** Resolves once the program has said this, on either stream. Never, if it ends without. */
  said(text: string): Promise<void>;
  readonly ended: Promise<Ran>;
};

/** Killed at the end of the test, if it has not ended by then. */
export function startProgram(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): RunningProgram {
  const child = spawn(process.execPath, [MAIN, ...args], {
    env: { PATH: process.env["PATH"] ?? "", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  let out = "";
  let err = "";
  const waiting = new Set<() => void>();
  const heard = (): void => {
    for (const look of waiting) look();
  };
  child.stdout.on("data", (chunk: Buffer) => {
    out += chunk.toString();
    heard();
  });
  child.stderr.on("data", (chunk: Buffer) => {
    err += chunk.toString();
    heard();
  });
  return {
    child,
    said: (text) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (!out.includes(text) && !err.includes(text)) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        look();
      }),
    ended: new Promise((resolve) => {
      child.on("close", (code) => resolve({ code, out, err }));
    }),
  };
}

export function runProgram(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Ran> {
  return startProgram(args, env).ended;
}
