/**
 * How processes wake each other: whoever has written rings by writing one byte into a file that everybody
 * watches. The bell is only ever a hint; a slow poll of the log's own change counter makes up for a deleted
 * file, a lost notice or a file system without notices.
 */
import { closeSync, type FSWatcher, openSync, watch, writeSync } from "node:fs";
import type { OperatorLog } from "../../../domain/ports/operator-log.ts";

/** The slowest that a change of another process can be noticed. */
const POLL_MS = 100;

export type Doorbell = { ring(): void; close(): void };

export function openDoorbell(path: string, onRing: () => void, operatorLog: OperatorLog): Doorbell {
  // Made if missing, never truncated; then opened so that position 0 can be written again and again.
  closeSync(openSync(path, "a"));
  const descriptor = openSync(path, "r+");
  const watcher = watchFile(path, onRing, operatorLog);
  const poll = setInterval(onRing, POLL_MS);
  return {
    ring() {
      writeSync(descriptor, "!", 0);
    },
    close() {
      clearInterval(poll);
      watcher?.close();
      closeSync(descriptor);
    },
  };
}

function watchFile(path: string, onRing: () => void, operatorLog: OperatorLog): FSWatcher | null {
  try {
    const watcher = watch(path, { persistent: false }, onRing);
    watcher.on("error", (error) => {
      operatorLog.warn("the log's doorbell is deaf; changes are noticed by polling", { error });
      watcher.close();
    });
    return watcher;
  } catch (error) {
    operatorLog.warn("the log's doorbell can't be watched; changes are noticed by polling", { error });
    return null;
  }
}
