import { setTimeout as pause } from "node:timers/promises";
import { DirectoryInUseError } from "./directory-lock.ts";

/**
 * A reporting role that was killed leaves its engine behind for as long as that takes to close its files: seconds,
 * on a busy machine. The next one waits for so long before it says that the directory is in use.
 */
const PREDECESSOR_MS_MAX = 10_000;
const LOOK_MS = 100;

/** All that the engine says of its own lock; that it is the lock it writes to standard error only. */
const LOCKED = /Failed to create connection/;

function isInUse(error: unknown): boolean {
  return error instanceof DirectoryInUseError || (error instanceof Error && LOCKED.test(error.message));
}

/** Repeats `open` while a predecessor holds the directory; throws what it threw last, and anything else at once. */
export async function afterPredecessor<T>(
  open: () => T | Promise<T>,
  patienceMs: number = PREDECESSOR_MS_MAX,
): Promise<T> {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    try {
      return await open();
    } catch (error) {
      if (!isInUse(error) || performance.now() > deadline) throw error;
    }
    await pause(LOOK_MS);
  }
}
