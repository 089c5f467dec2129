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
