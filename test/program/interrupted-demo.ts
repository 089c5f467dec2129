/** A demo that is interrupted in the middle, and what is left of it then. */
import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";

const MAIN = fileURLToPath(new URL("../../main.ts", import.meta.url));

/** Processes whose environment names this folder: ours, whoever started them and wherever they hang now. */
function processesOf(folder: string): readonly string[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && name !== `${process.pid}`)
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/environ`, "utf8").includes(folder);
      } catch {
        return false;
      }
    });
}

export type Interrupted = {
  readonly code: unknown;
  readonly out: string;
  readonly files: readonly string[];
  readonly processes: readonly string[];
};

/** Ctrl-C as soon as the demo has said `sign`. */
export async function interruptDemo(words: readonly string[], sign: string): Promise<Interrupted> {
  const folder = mkdtempSync(join(tmpdir(), "reveille-interrupted-"));
  // A group of its own, as a terminal makes one; Ctrl-C reaches the whole group, and here twice.
  const demo = spawn(process.execPath, [MAIN, "demo", ...words], {
    detached: true,
    env: { PATH: process.env["PATH"] ?? "", TMPDIR: folder },
    stdio: ["ignore", "pipe", "ignore"],
  });
  onTestFinished(() => {
    // Too late for its own manners: whoever is left of its group, the broker included, goes.
    for (const pid of processesOf(folder)) process.kill(Number(pid), "SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  });
  let out = "";
  let interrupted = false;
  demo.stdout.on("data", (chunk: Buffer) => {
    out += chunk.toString();
    if (interrupted || !out.includes(sign) || demo.pid === undefined) return;
    interrupted = true;
    process.kill(-demo.pid, "SIGINT");
    process.kill(-demo.pid, "SIGINT");
  });
  const code = await new Promise((resolve) => demo.on("close", resolve));
  const files = readdirSync(folder).filter((name) => name.startsWith("reveille-"));
  const processes = processesOf(folder);
  return { code, out, files, processes };
}
