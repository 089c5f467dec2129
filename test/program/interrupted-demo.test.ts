import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

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

test.for([
  { when: "while it starts", sign: "Starting gateway" },
  { when: "in the middle of the call", sign: "CallAnswered" },
])(
  "Ctrl-C $when ends the demo soon, and leaves no process and no file behind",
  { timeout: 60_000 },
  async ({ sign }, context) => {
    if (!existsSync("/proc/self/environ")) context.skip("this system does not show whose child a process is");
    const folder = mkdtempSync(join(tmpdir(), "reveille-interrupted-"));
    // A group of its own, as a terminal makes one; Ctrl-C reaches the whole group, and here twice.
    const demo = spawn(process.execPath, [MAIN, "demo"], {
      detached: true,
      env: { PATH: process.env["PATH"] ?? "", TMPDIR: folder },
      stdio: ["ignore", "pipe", "ignore"],
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
    expect(code).toBe(130);
    expect(out).not.toContain("Done after");
    expect(readdirSync(folder).filter((name) => name.startsWith("reveille-"))).toEqual([]);
    expect(processesOf(folder)).toEqual([]);
    rmSync(folder, { recursive: true, force: true });
  },
);
