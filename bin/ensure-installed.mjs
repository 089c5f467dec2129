// Installs the packages of the lock file where node_modules is missing or out of date, so that each of README's
// commands is enough by itself. Plain JavaScript: this one runs under whatever Node a machine has (20 or newer).
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const stamp = join(root, "node_modules", ".reveille-lock");

function lockHash() {
  return createHash("sha256")
    .update(readFileSync(join(root, "package-lock.json")))
    .digest("hex");
}

export function isInstalled() {
  return existsSync(stamp) && readFileSync(stamp, "utf8") === lockHash();
}

/** The first Node that runs TypeScript unbuilt and has everything that Reveille uses. */
export const NODE_MAJOR_MIN = 24;
/** What starts this door; below it npm itself would not run. */
export const DOOR_NODE_MAJOR_MIN = 20;

/**
 * Why Reveille cannot run under these Nodes, with what to do; null when it can. `version` is the machine's, as in
 * "20.19.2"; `hasOwn`: the project's own Node lies in node_modules.
 */
export function nodeProblem(version, hasOwn) {
  const major = Number(version.split(".")[0]);
  if (major < DOOR_NODE_MAJOR_MIN) {
    return `reveille: found Node ${version}; install Node ${DOOR_NODE_MAJOR_MIN} or newer, the right one then comes along.`;
  }
  if (hasOwn || major >= NODE_MAJOR_MIN) return null;
  return (
    `reveille: needs Node ${NODE_MAJOR_MIN}, found ${version}; its own one is missing from node_modules, ` +
    "perhaps because install scripts are switched off. Run: npm rebuild node --ignore-scripts=false"
  );
}

export function ensureInstalled() {
  if (isInstalled()) return;
  process.stderr.write(
    "reveille: installing the packages of package-lock.json (about 1 GB on disk, once) …\n",
  );
  const began = Date.now();
  const ticking = sayProgress();
  const npm = process.platform === "win32" ? "npm.cmd" : "npm";
  const done = spawnSync(npm, ["ci", "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd: root,
    stdio: ["ignore", "inherit", "inherit"],
  });
  ticking.kill();
  if (done.status !== 0) {
    process.stderr.write(
      "reveille: npm ci failed; see its message above. Is the package registry reachable?\n",
    );
    process.exit(done.status ?? 1);
  }
  writeFileSync(stamp, lockHash());
  process.stderr.write(`reveille: installed in ${Math.round((Date.now() - began) / 1000)} s.\n`);
}

/** npm is silent while it works and we wait for it: a second process says that it still does. */
function sayProgress() {
  const script =
    "let s=0;setInterval(()=>process.stderr.write(`reveille: still installing, ${s+=5} s …\\n`),5000)";
  return spawn(process.execPath, ["-e", script], { stdio: ["ignore", "ignore", "inherit"] });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) ensureInstalled();
