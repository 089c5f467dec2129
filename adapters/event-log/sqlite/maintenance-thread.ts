/**
 * The thread that maintains the log: a checkpoint may take a second of disk time, which no event loop that
 * answers Senders can spare. It has a connection of its own and meets the process only in the file.
 */
import { parentPort, workerData } from "node:worker_threads";
import { instant } from "../../../domain/kernel/time.ts";
import { openConnection } from "./connection.ts";
import {
  CHECKPOINT_EVERY_MS,
  CLEAN_EVERY_MS,
  createMaintainer,
  type MaintenanceOptions,
  RESTART_WAL_BYTES,
} from "./maintenance.ts";
import { isBusy, isSyncFailure } from "./sqlite-errors.ts";

/** What the thread tells its process. */
export type MaintenanceNotice =
  | {
      readonly kind: "warning";
      readonly what: string;
      readonly facts: Readonly<Record<string, number | string>>;
    }
  | { readonly kind: "sync-failure"; readonly message: string };

/** What starts it. */
export type MaintenanceStart = MaintenanceOptions & { readonly role: "log-maintenance" };

function isStart(data: unknown): data is MaintenanceStart {
  return typeof data === "object" && data !== null && "role" in data && data.role === "log-maintenance";
}

function maintain(options: MaintenanceOptions, tell: (notice: MaintenanceNotice) => void): () => void {
  const db = openConnection(options.path, options.counts);
  const maintainer = createMaintainer(db, options);

  function attempt(step: () => void): void {
    try {
      step();
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      if (isSyncFailure(error)) tell({ kind: "sync-failure", message });
      else if (!isBusy(error)) tell({ kind: "warning", what: "log maintenance failed", facts: { message } });
    }
  }

  function checkpoint(): void {
    const walBytes = maintainer.checkpoint(instant(Date.now()));
    // It was cut back if it could be; what is still there after twice the limit is kept by a reader.
    if (walBytes !== null && walBytes > 2 * RESTART_WAL_BYTES) {
      tell({ kind: "warning", what: "the log's WAL grows: a long reader keeps it", facts: { walBytes } });
    }
  }

  const checkpoints = setInterval(() => attempt(checkpoint), CHECKPOINT_EVERY_MS);
  const cleanings = setInterval(() => attempt(() => maintainer.clean(instant(Date.now()))), CLEAN_EVERY_MS);
  return () => {
    clearInterval(checkpoints);
    clearInterval(cleanings);
    db.close();
  };
}

const port = parentPort;
if (port !== null && isStart(workerData)) {
  const stop = maintain(workerData, (notice) => port.postMessage(notice));
  port.once("message", () => {
    stop();
    port.close();
  });
}
