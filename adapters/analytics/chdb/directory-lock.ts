/**
 * One process per data directory. The engine has a lock of its own, but its complaint names nobody; ours says who
 * holds it. A lock whose process is gone (kill -9 leaves it behind) is taken over.
 */
import { closeSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";

/** Somebody else has the directory. Trying again helps once that process has gone. */
export class DirectoryInUseError extends Error {
  readonly retryable = true;
  override readonly name = "DirectoryInUseError";
}

const TAKEOVERS_MAX = 3;

/** Answers a function that gives the lock back. Throws `DirectoryInUseError`. */
export function lockDirectory(directory: string, owner: number): () => void {
  const path = join(directory, "olapd.lock");
  for (let attempt = 0; attempt < TAKEOVERS_MAX; attempt += 1) {
    if (tryCreate(path, owner)) return () => rmSync(path, { force: true });
    const holder = readHolder(path);
    if (holder !== null && holder !== owner && isRunning(holder))
      throw new DirectoryInUseError(
        `analytics: ${directory} is held by process ${holder}; stop that one, or configure another directory`,
      );
    rmSync(path, { force: true });
  }
  throw new DirectoryInUseError(`analytics: ${path} keeps coming back; is another olapd just starting?`);
}

function tryCreate(path: string, owner: number): boolean {
  try {
    const file = openSync(path, "wx", 0o600);
    writeSync(file, `${owner}\n`);
    closeSync(file);
    return true;
  } catch (error) {
    if (isCode(error, "EEXIST")) return false;
    throw error;
  }
}

function readHolder(path: string): number | null {
  try {
    const pid = Number.parseInt(readFileSync(path, "utf8"), 10);
    return Number.isSafeInteger(pid) && pid > 0 ? pid : null;
  } catch (error) {
    if (isCode(error, "ENOENT")) return null;
    throw error;
  }
}

// Process numbers come round again: where /proc exists, a stranger that inherited the number is told apart.
function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return isCode(error, "EPERM");
  }
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("/olapd.ts\0");
  } catch {
    // No /proc here, or the process has just gone: believing the signal is the safe side.
    return true;
  }
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
