#!/usr/bin/env node
// The program's door: installs what is missing, then runs main.ts under the project's own Node (24), whatever
// Node the machine has. Plain JavaScript for that reason.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { constants } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { ensureInstalled, nodeProblem } from "./ensure-installed.mjs";

refuse(nodeProblem(process.versions.node, true));
ensureInstalled();
const root = dirname(dirname(fileURLToPath(import.meta.url)));
const own = join(root, "node_modules", "node", "bin", process.platform === "win32" ? "node.exe" : "node");
refuse(nodeProblem(process.versions.node, existsSync(own)));
const node = existsSync(own) ? own : process.execPath;
const child = spawn(
  node,
  ["--disable-warning=ExperimentalWarning", join(root, "main.ts"), ...process.argv.slice(2)],
  {
    stdio: "inherit",
    // Compiled modules are kept: starting costs a fifth of the time.
    env: {
      ...process.env,
      NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? join(root, "node_modules", ".cache", "node"),
    },
  },
);
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
  // A terminal signals the whole group; a supervisor only us. Either way the child ends in its own time.
  process.on(signal, () => child.kill(signal));
}
child.on("error", (error) => {
  process.stderr.write(`reveille: ${node} cannot be started: ${error.message}\n`);
  process.exit(1);
});
// As shells count it: 128 and the number of the signal.
child.on("exit", (code, signal) => process.exit(code ?? 128 + (constants.signals[signal] ?? 15)));

function refuse(problem) {
  if (problem === null) return;
  process.stderr.write(`${problem}\n`);
  process.exit(1);
}
